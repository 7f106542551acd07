"""What was slow to count is not counted again at once; what was quick is."""

from __future__ import annotations

import time

import pytest

from escalation.tuning import remembered as module
from escalation.tuning.remembered import remembered


@pytest.fixture(autouse=True)
def _forget() -> None:
    module._kept.clear()


@pytest.mark.parametrize(("takes", "counted"), [(0.0, 2), (module.SLOW_S + 0.05, 1)])
def test_only_what_was_slow_is_kept(takes: float, counted: int) -> None:
    calls: list[None] = []

    def count() -> int:
        time.sleep(takes)
        calls.append(None)
        return 7

    found = [remembered("it", count), remembered("it", count)]

    assert (found, len(calls)) == ([7, 7], counted)


def test_another_question_is_counted_by_itself() -> None:
    def slow(answer: int) -> int:
        time.sleep(module.SLOW_S + 0.05)
        return answer

    found = [remembered("one", lambda: slow(1)), remembered("other", lambda: slow(2))]

    assert found == [1, 2]
