"""Agreement beyond chance, against published numbers and by its properties."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.tuning.agreement import (
    alpha_with_interval,
    cohens_kappa,
    krippendorffs_alpha,
    pace_of,
)


def test_kappa_of_a_known_table() -> None:
    # Both yes 20, yes/no 5, no/yes 10, both no 15: 0.7 seen, 0.5 by chance.
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15

    assert cohens_kappa(pairs) == pytest.approx(0.4)


def test_alpha_of_krippendorffs_example_with_missing_values() -> None:
    # Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", example C.
    columns = [
        "1 1 1",
        "2 2 3 2",
        "3 3 3 3",
        "3 3 3 3",
        "2 2 2 2",
        "1 2 3 4",
        "4 4 4 4",
        "1 1 2 1",
        "2 2 2 2",
    ]
    units = [column.split() for column in [*columns, "5 5 5", "1 1", "3"]]

    assert krippendorffs_alpha(units) == pytest.approx(0.743, abs=0.0005)


def test_alpha_of_two_observers_and_two_values() -> None:
    # The same source, example A: ten units, two observers.
    one, other = "0100000010", "1110010000"

    assert krippendorffs_alpha(list(zip(one, other, strict=True))) == pytest.approx(0.095, abs=0.0005)


ratings = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), max_size=30)


@given(ratings)
def test_nobody_agrees_more_than_fully(units: list[list[str]]) -> None:
    alpha = krippendorffs_alpha(units)

    assert alpha is None or alpha <= 1
    assert krippendorffs_alpha([unit * 2 for unit in units if len(set(unit)) == 1]) in (None, 1)


@given(ratings)
def test_who_was_first_does_not_matter(units: list[list[str]]) -> None:
    assert krippendorffs_alpha([unit[::-1] for unit in units]) == krippendorffs_alpha(units)


def test_the_interval_holds_the_estimate_and_narrows_with_more() -> None:
    few = [("a", "a")] * 8 + [("a", "b")] * 2 + [("b", "b")] * 5

    estimates = [alpha_with_interval(few * times, seed=1) for times in (1, 4, 16)]

    widths = []
    for estimate in estimates:
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.value is not None
        assert estimate.low <= estimate.value <= estimate.high
        widths.append(estimate.high - estimate.low)
    assert all(wide > narrow for wide, narrow in pairwise(widths))


def test_where_chance_explains_all_there_is_no_number() -> None:
    assert cohens_kappa([("a", "a")] * 5) is None
    assert krippendorffs_alpha([("a", "a")] * 5) is None
    assert alpha_with_interval([], seed=1).value is None


def test_a_run_of_fast_accepts_ends_at_anything_else() -> None:
    decided = [("accept", 2.0), ("accept", 1.0), ("reject", 1.0), ("accept", 9.0), ("accept", None)]

    pace = pace_of([*decided, *[("accept", 1.0)] * 3], fast_s=3)

    assert (pace.decisions, pace.median_s, pace.longest_fast_run) == (8, 1.0, 3)
