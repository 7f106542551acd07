from __future__ import annotations

from typing import Any

import pytest

from escalation.review.timeline import timeline


def test_a_step_is_read_as_the_contract_says() -> None:
    step = {
        "kind": "tool",
        "name": "find",
        "at": "2026-11-22T09:12:01Z",
        "seconds": 1,
        "tokens": 7,
        "cost_usd": 0.1,
    }

    [moment] = timeline([step | {"input": {"a": 1}, "output": "", "error": "no"}]).moments

    assert (moment.kind, moment.name, moment.seconds, moment.tokens, moment.cost_usd) == (
        "tool",
        "find",
        1,
        7,
        0.1,
    )
    assert moment.at is not None
    assert moment.input is not None
    assert moment.output is None
    assert moment.error == "no"


def test_tokens_by_kind_are_added_up() -> None:
    assert timeline([{"tokens": {"input": 1000, "output": 96, "cached": "many"}}]).moments[0].tokens == 1096


@pytest.mark.parametrize("trace", [None, {}, "text", 7])
def test_what_is_no_list_has_no_steps(trace: Any) -> None:
    assert timeline(trace).moments == []


@pytest.mark.parametrize(
    "entry", [None, 7, "text", [], {"kind": 7, "at": "yesterday", "seconds": "x", "tokens": []}]
)
def test_an_entry_of_any_form_is_a_step(entry: Any) -> None:
    assert len(timeline([entry]).moments) == 1
