from __future__ import annotations

from typing import Any

import pytest

from escalation.review.shapes import cell, reading_order, shape_of, shown


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (None, "nothing"),
        ("", "text"),
        ({"a": 1}, "fields"),
        ({"total": {"value": 12, "page": 3}, "date": None, "buyer": {"page": 1, "value": "B"}}, "records"),
        ({"kind": "invoice", "total": {"value": 12}, "date": {"value": 3}}, "records"),
        ({"lines": [1], "total": {"value": 12}, "date": {"value": 3}}, "fields"),
        ({"total": {"value": 12}, "date": {"page": 3}}, "fields"),
        ({"total": {"value": [12]}, "date": {"value": 3}}, "fields"),
        ({"total": {"value": 12}}, "fields"),
        ({}, "json"),
        ({str(n): n for n in range(41)}, "json"),
        ([{"a": 1}, {"b": 2}], "table"),
        ([{}], "json"),
        ([{str(n): n for n in range(13)}], "json"),
        ([1, 2], "json"),
        ([], "json"),
        (42, "json"),
        (False, "json"),
    ],
)
def test_each_value_has_one_shape(value: Any, shape: str) -> None:
    assert shape_of(value) == shape


def test_a_table_has_a_cell_for_every_column() -> None:
    table = shown([{"a": 1}, {"b": "x", "a": None}])

    assert table.columns == ["a", "b"]
    assert [[each.text for each in row] for row in table.rows] == [["1", ""], ["null", "x"]]


def test_records_are_a_table_with_their_names_in_front() -> None:
    of_total, of_buyer = {"page": 3, "value": 12}, {"page": 1, "value": "B"}
    table = shown({"total": of_total, "kind": "invoice", "date": None, "buyer": of_buyer})

    assert (table.shape, table.columns) == ("table", ["", "page", "value"])
    assert [[each.text for each in row] for row in table.rows] == [
        ["total", "3", "12"],
        ["kind", "", "invoice"],
        ["date", "", ""],
        ["buyer", "1", "B"],
    ]


@pytest.mark.parametrize(
    ("text", "in_columns"),
    [
        ("Glass        4    12.00\nBoxes        2     3.00\nTotal             15.00", True),
        ("One line    has a gap.\nThe others do not.\nNone.", False),
        ("   indented\n   as a list\n   or a quote", False),
    ],
)
def test_a_text_set_in_columns_keeps_them(text: str, in_columns: bool) -> None:
    assert shown(text).in_columns is in_columns


def test_the_text_worth_reading_comes_first() -> None:
    assert reading_order({"id": 7, "to": "x", "message": "y" * 200}) == ["message", "id", "to"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (1.0, "1.0"), (10**20, str(10**20)), ([1], "[1]"), ("é", "é"), (None, "null")],
)
def test_a_cell_says_exactly_what_is_there(value: Any, text: str) -> None:
    assert cell(value).text == text
