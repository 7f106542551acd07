"""From counted days to charts: exact where it can be, and honest where it cannot."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.charts import BOTTOM, LEFT, RIGHT, TOP, ceiling, lined, stacked
from escalation.review.insights.figures import backlog, figures
from escalation.review.insights.reading import Reader, gathered, quantile, span_of, upper_bound

TODAY = date(2026, 11, 18)


def reader(*rows: tuple[int, str, str, int, float], days: int = 7) -> Reader:
    """Rows of (days ago, measure, label, number, total)."""
    dated = [(TODAY - timedelta(days=ago), *rest) for ago, *rest in rows]
    return Reader(gathered(dated), span_of(TODAY, days))  # type: ignore[arg-type]


def test_the_backlog_is_walked_back_from_what_waits_now() -> None:
    counted = reader(
        (0, "arrivals", "audit", 5, 0),
        (0, "decisions", "accept", 2, 0),
        (1, "arrivals", "audit", 4, 0),
        (1, "ended", "expired", 1, 0),
    )

    figure = backlog(counted, 10)

    assert list(figure.columns[0])[-3:] == [4, 7, 10]


@given(st.lists(st.floats(1, 1e6), min_size=20, max_size=200), st.sampled_from([0.5, 0.9]))
def test_a_quantile_from_steps_is_near_the_true_one(seconds: list[float], share: float) -> None:
    steps: dict[int, float] = {}
    for each in seconds:
        step = math.floor(2 * math.log2(each))
        steps[step] = steps.get(step, 0) + 1

    found = quantile(steps, share)

    true = sorted(seconds)[math.ceil(len(seconds) * share) - 1]
    assert found is not None
    assert true / math.sqrt(2) * 0.999 <= found <= true * math.sqrt(2) * 1.001


def test_no_data_is_no_number() -> None:
    assert quantile({}, 0.5) is None
    assert upper_bound(0, 0) is None


@pytest.mark.parametrize(
    ("wrong", "checked", "expected"), [(0, 59, 0.0495), (0, 299, 0.00997), (3, 100, 0.0757)]
)
def test_the_bound_is_that_of_clopper_and_pearson(wrong: int, checked: int, expected: float) -> None:
    assert upper_bound(wrong, checked) == pytest.approx(expected, rel=0.01)


def test_a_year_is_shown_by_weeks_that_begin_on_mondays() -> None:
    span = span_of(TODAY, 365)

    assert span.weekly
    assert {day.weekday() for day in span.periods} == {0}
    assert span.periods[-1] <= TODAY < span.periods[-1] + timedelta(days=7)


def test_every_chart_of_an_empty_week_says_that_it_is_empty() -> None:
    drawn = figures(reader(), 0)

    assert len(drawn) == 13
    assert [figure.slug for figure in drawn if not figure.is_empty] == ["arrivals"]


counts = st.lists(st.lists(st.integers(0, 10**6), min_size=12, max_size=12), min_size=1, max_size=5)


@given(counts)
def test_bars_stay_in_the_frame_and_stand_upon_each_other(series: list[list[int]]) -> None:
    picture = stacked([str(n) for n in range(12)], series, [f"s{n}" for n in range(len(series))])

    assert all(block.x >= LEFT and block.x + block.width <= RIGHT for block in picture.blocks)
    assert all(block.y >= TOP - 0.02 and block.y + block.height <= BOTTOM + 0.02 for block in picture.blocks)
    drawn = sum(block.height for block in picture.blocks if block.x < LEFT + (RIGHT - LEFT) / 12)
    whole = sum(column[0] for column in series)
    most = ceiling(max(map(sum, zip(*series, strict=True))))
    assert drawn == pytest.approx((BOTTOM - TOP) * whole / most, abs=0.1)


@given(st.floats(1, 10**9))
def test_an_axis_ends_at_a_number_with_round_quarters(value: float) -> None:
    top = ceiling(value)

    assert value <= top <= max(4, value * 2.01)
    assert top % 4 == 0


def test_a_line_breaks_where_there_is_no_number() -> None:
    (line,) = lined(["a", "b", "c", "d"], [[1, 2, None, 3]]).lines

    assert line.path.count("M") == 1
    assert len(line.dots) == 1
