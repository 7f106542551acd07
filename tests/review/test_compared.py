from __future__ import annotations

from typing import Any

import pytest

from escalation.review.compared import MOST_CHANGES, changes

CASES: list[tuple[Any, Any, list[tuple[str, str, str]]]] = [
    ("He said no", "He said yes", [("", "He said no", "He said yes")]),
    ("same", "same", []),
    ({"a": 1, "b": "x"}, {"a": 2, "b": "x"}, [("a", "1", "2")]),
    ({"a": 1}, {"b": 1}, [("a", "1", ""), ("b", "", "1")]),
    ([{"n": 1, "p": 5}, {"n": 2}], [{"n": 1, "p": 6}, {"n": 2}], [("row 1, p", "5", "6")]),
    ([{"n": 1}], [{"n": 1}, {"n": 2}], [("row 2", "", '{"n": 2}')]),
    ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, [("a, b, row 2", "2", "3")]),
    (True, 1, [("", "true", "1")]),
    ("1", 1, [("", "1", "1")]),
    (None, "x", [("", "null", "x")]),
]


@pytest.mark.parametrize(("before", "after", "expected"), CASES)
def test_every_place_that_differs_is_named_with_both_values(before: Any, after: Any, expected: Any) -> None:
    assert [(each.where, each.before, each.after) for each in changes(before, after)] == expected


def test_places_come_in_the_order_in_which_the_agent_sent_them() -> None:
    found = changes({"a": 1, "z": 1}, {"a": 2, "z": 2}, ["z", "a"])

    assert [each.where for each in found] == ["z", "a"]


def test_there_is_an_end_to_what_is_listed() -> None:
    assert len(changes([0] * 10_000, [1] * 10_000)) == MOST_CHANGES
