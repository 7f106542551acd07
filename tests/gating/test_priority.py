"""How urgent a failure mode is, by the table of the FMEA handbook."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.gating.priority import action_priority, occurrence_of, rank

RATING = st.integers(1, 10)


@pytest.mark.parametrize(
    ("severity", "occurrence", "detectability", "priority"),
    [
        (10, 10, 1, "H"),
        (9, 4, 1, "M"),
        (9, 3, 7, "H"),
        (9, 2, 6, "M"),
        (10, 2, 2, "L"),
        (10, 1, 10, "L"),
        (8, 6, 1, "M"),
        (7, 5, 5, "M"),
        (7, 3, 4, "L"),
        (6, 8, 4, "M"),
        (5, 7, 1, "L"),
        (4, 4, 7, "M"),
        (3, 8, 5, "M"),
        (3, 7, 7, "L"),
        (1, 10, 10, "L"),
    ],
)
def test_the_table(severity: int, occurrence: int, detectability: int, priority: str) -> None:
    assert action_priority(severity, occurrence, detectability) == priority


@given(RATING, RATING, RATING, st.sampled_from([0, 1, 2]))
def test_a_worse_rating_is_never_less_urgent(
    severity: int, occurrence: int, detectability: int, which: int
) -> None:
    better = [severity, occurrence, detectability]
    worse = [min(10, value + (n == which)) for n, value in enumerate(better)]

    assert rank(*worse) <= rank(*better)


@pytest.mark.parametrize(
    ("seen", "among", "occurrence"),
    [(0, 0, None), (0, 500, None), (50, 500, 10), (49, 500, 9), (5, 500, 7), (1, 500, 6), (1, 10**7, 2)],
)
def test_outcomes_speak_for_an_occurrence(seen: int, among: int, occurrence: int | None) -> None:
    assert occurrence_of(seen, among) == occurrence
