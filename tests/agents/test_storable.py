"""Whatever models and tools say can be stored, and what must not change is kept to the byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.models import Run, Step
from agents.storable import storable
from escalation.queue.models import Escalation, ReviewQueue


class Odd:
    def __repr__(self) -> str:
        return "odd \x00"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ({"a": [1, 2.5, True, None, "é"]}, {"a": [1, 2.5, True, None, "é"]}),
        ("\x00 \ud800", "\ufffd \ufffd"),
        ({"\x00": 1}, {"\ufffd": 1}),
        (float("inf"), None),
        ((1, {2}), [1, [2]]),
        (Odd(), "odd \ufffd"),
        (b"\xff", "b'\\xff'"),
    ],
)
def test_what_comes_nearest_is_stored(value: Any, stored: Any) -> None:
    assert storable(value) == stored


def test_what_holds_itself_is_named() -> None:
    ring: list[Any] = []
    ring.append(ring)

    assert storable(ring) == "[[...]]"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(ANYTHING)
def test_it_is_stored_already(value: Any) -> None:
    assert storable(storable(value)) == storable(value)


@pytest.mark.django_db
def test_jsonb_takes_it() -> None:
    row = Escalation.objects.raise_once(
        agent="a", queue=ReviewQueue.default(), reason="error", title="t", task=storable({"\x00": "\ud800"})
    )[0]

    row.refresh_from_db()
    assert row.task == {"\ufffd": "\ufffd"}


@pytest.mark.django_db
def test_a_step_is_kept_to_the_byte() -> None:
    run = Run.objects.create(agent="a", task="t", model="m", prompt_version="v")
    content = [{"type": "text", "text": "\x00 \ud800", "n": 1e16, "z": 1, "a": -0.0}]

    step = Step.objects.create(run=run, number=0, sent=[], content=content, chain="")

    step.refresh_from_db()
    assert repr(step.content) == repr(content)
