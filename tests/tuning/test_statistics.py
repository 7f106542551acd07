"""Labels in, risk and its bound out. The goals named G8 in the method hold here."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binomtest

from escalation.tuning.statistics import MOST_POINTS, Point, Stratum, fewest_labels, looked_at, risk_coverage

DELTA = 0.10


def stratum(confidences: list[float], reviewed: list[float], wrong: list[bool]) -> Stratum:
    return Stratum.of(np.array(confidences, float), np.array(reviewed, float), np.array(wrong, bool))


def at(points: list[Point], threshold: float) -> Point:
    return next(point for point in points if point.threshold == threshold)


Seen = tuple[list[float], list[float], list[bool]]


@st.composite
def results(draw: st.DrawFn) -> list[Seen]:
    """One to three strata one by one, each with every chance to be reviewed, and with ties."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        confidences = draw(st.lists(st.integers(0, 20).map(lambda n: n / 20), min_size=1, max_size=40))
        reviewed = confidences[: draw(st.integers(1, len(confidences)))]
        wrong = draw(st.lists(st.booleans(), min_size=len(reviewed), max_size=len(reviewed)))
        found.append((confidences, reviewed, wrong))
    return found


def strata() -> st.SearchStrategy[list[Stratum]]:
    return results().map(lambda found: [stratum(*seen) for seen in found])


@pytest.mark.parametrize("weight", [1, 7])
@pytest.mark.parametrize(("labels", "errors"), [(1, 0), (20, 0), (45, 2), (300, 11), (40, 39)])
def test_with_equal_weights_the_bound_is_the_exact_one(weight: int, labels: int, errors: int) -> None:
    one = stratum([0.5] * (labels * weight), [0.5] * labels, [True] * errors + [False] * (labels - errors))

    (point,) = risk_coverage([one], DELTA)

    exact = binomtest(errors, labels, alternative="less").proportion_ci(1 - DELTA, method="exact").high
    assert point.risk_upper == pytest.approx(exact, abs=1e-9)
    assert point.risk == pytest.approx(errors / labels)


@pytest.mark.parametrize("labels", [1, 10, 45, 500])
def test_with_all_labels_right_the_bound_has_a_closed_form(labels: int) -> None:
    (point,) = risk_coverage([stratum([0.5] * labels, [0.5] * labels, [False] * labels)], DELTA)

    assert point.risk_upper == pytest.approx(1 - DELTA ** (1 / labels), abs=1e-12)


def test_unequal_weights_meet_the_formula() -> None:
    light, heavy = (
        stratum([0.9] * 10, [0.9] * 10, [True] * 2 + [False] * 8),
        stratum([0.9] * 60, [0.9] * 12, [True] + [False] * 11),
    )

    (point,) = risk_coverage([light, heavy], DELTA)

    weighted, errors, squares = 10 * 1 + 12 * 5, 2 * 1 + 1 * 5, 2 * 1 + 1 * 25
    effective = (squares + 5**2) / (errors + 5)
    k = (errors + 5) / effective
    expected = beta(k, weighted / effective - k + 1).ppf(1 - DELTA)
    assert point.risk == pytest.approx(errors / weighted)
    assert point.risk_upper == pytest.approx(expected, abs=1e-12)


def test_the_heaviest_label_counts_even_when_it_is_right() -> None:
    light = stratum([0.9] * 20, [0.9] * 20, [True] * 2 + [False] * 18)
    heavy = stratum([0.9] * 50, [0.9], [False])

    both, alone = risk_coverage([light, heavy], DELTA)[0], risk_coverage([light], DELTA)[0]

    assert both.risk < alone.risk
    assert both.risk_upper > alone.risk_upper


def test_with_all_labels_wrong_nothing_is_known_but_the_worst() -> None:
    (point,) = risk_coverage([stratum([0.5] * 9, [0.5] * 9, [True] * 9)], DELTA)

    assert (point.risk, point.risk_upper) == (1.0, 1.0)


def test_each_audit_speaks_for_those_that_were_not_drawn() -> None:
    escalated = stratum([0.4] * 10, [0.4] * 10, [True] * 5 + [False] * 5)
    accepted = stratum([0.9] * 100, [0.9] * 5, [True] + [False] * 4)

    points = risk_coverage([escalated, accepted], DELTA)

    assert at(points, 0.9).risk == pytest.approx(1 / 5)
    assert at(points, 0.4).risk == pytest.approx((20 * 1 + 5) / 110)


@given(strata())
def test_coverage_grows_from_the_top_to_one(found: list[Stratum]) -> None:
    coverage = [point.coverage for point in risk_coverage(found, DELTA)]

    assert coverage == sorted(coverage)
    assert coverage[-1] == 1.0


@given(strata())
def test_the_bound_is_never_under_the_estimate(found: list[Stratum]) -> None:
    for point in risk_coverage(found, DELTA):
        assert np.isnan(point.risk) or point.risk <= point.risk_upper + 1e-12
        assert 0 < point.risk_upper <= 1


@given(results(), st.randoms())
def test_the_order_of_rows_and_strata_says_nothing(found: list[Seen], random: Random) -> None:
    shuffled = []
    for confidences, reviewed, wrong in random.sample(found, len(found)):
        labels = list(zip(reviewed, wrong, strict=True))
        random.shuffle(labels)
        shuffled.append(stratum(confidences[::-1], [c for c, _ in labels], [bad for _, bad in labels]))

    points = risk_coverage([stratum(*seen) for seen in found], DELTA)

    assert _rounded(points) == _rounded(risk_coverage(shuffled, DELTA))


@given(strata())
def test_parts_counted_together_are_the_whole(found: list[Stratum]) -> None:
    whole = Stratum.together(found)

    assert whole.confidences.tolist() == sorted({c for one in found for c in one.confidences.tolist()})
    assert (whole.total, whole.known) == (sum(one.total for one in found), sum(one.known for one in found))
    assert whole.wrong.sum() == sum(one.wrong.sum() for one in found)


@given(strata(), st.data())
def test_turning_a_label_wrong_never_lowers_the_bound(found: list[Stratum], data: st.DataObject) -> None:
    which = data.draw(st.sampled_from(found))
    position = data.draw(st.sampled_from(np.flatnonzero(which.labels).tolist()))
    worse = [one if one is not which else _with_wrong(one, position) for one in found]

    before, after = risk_coverage(found, DELTA), risk_coverage(worse, DELTA)

    for one, other in zip(before, after, strict=True):
        assert other.risk_upper >= one.risk_upper - 1e-12


def test_without_outcomes_there_is_no_curve() -> None:
    assert risk_coverage([], DELTA) == []
    assert risk_coverage([stratum([], [], [])], DELTA) == []


def test_without_labels_nothing_is_known() -> None:
    (point,) = risk_coverage([stratum([0.5], [], [])], DELTA)

    assert (point.labels, point.risk_upper) == (0, 1.0)
    assert np.isnan(point.risk)


def test_the_curve_ends_where_nobody_looked() -> None:
    found = [stratum([0.2, 0.4, 0.6, 0.8, 1.0], [0.4, 0.8], [False, False])]

    points = looked_at(risk_coverage(found, DELTA), found)

    assert [point.threshold for point in points] == [0.8, 0.6, 0.4]


@pytest.mark.parametrize(("alpha", "labels"), [(0.05, 45), (0.10, 22), (0.02, 114)])
def test_the_fewest_labels_are_just_enough(alpha: float, labels: int) -> None:
    assert fewest_labels(alpha, DELTA) == labels
    assert 1 - DELTA ** (1 / labels) <= alpha < 1 - DELTA ** (1 / (labels - 1))


def test_a_long_window_is_drawn_at_two_hundred_points() -> None:
    many = np.linspace(0, 1, 5000)

    points = risk_coverage([Stratum.of(many, many, np.zeros(5000, bool))], DELTA)

    assert len(points) <= MOST_POINTS
    assert (points[0].threshold, points[-1].threshold) == (1.0, 0.0)


def _with_wrong(one: Stratum, position: int) -> Stratum:
    wrong = one.wrong.copy()
    wrong[position] = min(wrong[position] + 1, one.labels[position])
    return replace(one, wrong=wrong)


def _rounded(points: list[Point]) -> list[tuple[float, ...]]:
    return [
        (
            p.threshold,
            p.coverage,
            round(-1 if np.isnan(p.risk) else p.risk, 12),
            round(p.risk_upper, 10),
            p.labels,
        )
        for p in points
    ]
