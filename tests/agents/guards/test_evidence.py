"""Quoted words must stand where they are said to stand, and hold the number that is read in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.guards.evidence import Reading, misquoted

READ = [
    Reading({"page": 1}, "Invoice R-7\nTotal:   EUR 1,249.50"),
    Reading({"page": 2}, "Gesamt: 1.249,50 EUR, zahlbar in 30 Tagen"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["quote", "value", "page", "x"]), inner),
)


@pytest.mark.parametrize(
    "output",
    [
        None,
        "Total: EUR 9",
        {"total": {"value": 1249.5, "quote": "Total: EUR 1,249.50", "page": 1}},
        {"total": {"value": 1249.5, "quote": "total: eur 1,249.50"}},
        {"total": {"value": 1249.5, "quote": "Gesamt: 1.249,50 EUR", "page": 2}},
        {"days": [{"value": 30, "quote": "zahlbar in\n30  Tagen", "page": 2, "unit": "days"}]},
        {"number": {"value": "R-7", "quote": "Invoice R-7", "page": 1}},
        {"paid": {"value": True, "quote": "Invoice R-7", "page": 1}},
        {"law": None},
        {"law": {"value": None, "quote": "", "page": 0}},
        {"quote": {"quote": "Invoice R-7"}},
    ],
)
def test_what_stands_there_holds(output: Any) -> None:
    assert misquoted(output, READ) is None


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        ({"total": {"quote": "Total: EUR 9"}}, "total quotes “Total: EUR 9”, which no tool call answered"),
        (
            {"total": {"quote": "Gesamt", "page": 1}},
            "total quotes “Gesamt”, which stands elsewhere than it says",
        ),
        (
            {"total": {"quote": "Total", "page": 3}},
            "total quotes “Total”, which stands elsewhere than it says",
        ),
        (
            {"total": {"value": 1294.5, "quote": "EUR 1,249.50"}},
            "total is 1294.5, which “EUR 1,249.50” does not say",
        ),
        ({"law": {"value": "Ireland", "quote": " "}}, "law is 'Ireland', and quotes nothing"),
        ({"a": [{"b": {"quote": "no"}}]}, "b quotes “no”, which no tool call answered"),
        ([{"quote": "no"}], "the output quotes “no”, which no tool call answered"),
    ],
)
def test_what_does_not_is_said(output: Any, problem: str) -> None:
    assert misquoted(output, READ) == problem


def test_without_a_reading_nothing_can_be_quoted() -> None:
    assert misquoted({"quote": "Total"}, []) is not None


@given(JSON)
def test_no_output_makes_it_fail(output: Any) -> None:
    assert isinstance(misquoted(output, READ), str | None)
