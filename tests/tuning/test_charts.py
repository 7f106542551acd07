"""From numbers to geometry: nothing leaves the frame, and nothing is drawn twice or lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.charts import BOTTOM, LEFT, RIGHT, TOP
from escalation.tuning.charts import BINS, bin_of, draw_curve, draw_histogram
from escalation.tuning.statistics import Point

POINTS = [Point(0.9, 0.2, 0.0, 0.3, 10), Point(0.6, 0.5, 0.1, 0.2, 30), Point(0.3, 1.0, 0.2, 0.25, 60)]


def corners(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


def test_the_line_runs_from_little_coverage_to_all() -> None:
    line = corners(draw_curve(POINTS, 0.6).line)

    assert [x for x, _ in line] == [LEFT + (RIGHT - LEFT) * share for share in (0.2, 0.5, 1.0)]
    assert line[0][1] == BOTTOM > line[1][1] > line[2][1] >= TOP


def test_the_band_goes_out_on_the_bound_and_back_on_the_estimate() -> None:
    curve = draw_curve(POINTS, 0.6)

    band = corners(curve.band)

    assert band[3:] == corners(curve.line)[::-1]
    assert all(upper[1] <= estimate[1] for upper, estimate in zip(band[:3], band[:2:-1], strict=True))


@pytest.mark.parametrize(("threshold", "share"), [(0.6, 0.5), (0.75, 0.2), (0.0, 1.0)])
def test_the_threshold_stands_at_its_coverage(threshold: float, share: float) -> None:
    mark = draw_curve(POINTS, threshold).mark

    assert mark is not None
    assert mark.at == LEFT + (RIGHT - LEFT) * share


def test_a_threshold_above_all_that_was_seen_is_not_drawn() -> None:
    assert draw_curve(POINTS, 0.95).mark is None


def test_without_points_there_is_an_empty_frame() -> None:
    curve = draw_curve([], 0.5)

    assert (curve.line, curve.band, curve.mark) == ("", "", None)


UNIT = st.floats(0, 1)


@given(st.lists(st.tuples(UNIT, UNIT, UNIT), min_size=1, max_size=30))
def test_nothing_leaves_the_frame(shares: list[tuple[float, float, float]]) -> None:
    points = [Point(c, c, min(r, u), max(r, u), 1) for c, r, u in shares]

    for x, y in corners(draw_curve(points, 0.5).band):
        assert LEFT <= x <= RIGHT
        assert TOP <= y <= BOTTOM


@given(st.lists(st.tuples(UNIT, st.integers(1, 1000)), max_size=50), UNIT)
def test_every_outcome_is_in_one_bar(counts: list[tuple[float, int]], threshold: float) -> None:
    bars = draw_histogram(counts, threshold).bars

    assert len(bars) == BINS
    assert sum(bar.under for bar in bars) == sum(n for c, n in counts if c < threshold)
    assert sum(bar.reaching for bar in bars) == sum(n for c, n in counts if c >= threshold)
    assert all(bar.reaching_y >= TOP for bar in bars)


@pytest.mark.parametrize(
    ("confidence", "number"), [(0.0, 0), (0.05, 1), (0.15, 3), (0.35, 7), (0.6, 12), (1.0, 19)]
)
def test_a_confidence_on_an_edge_belongs_to_the_bin_above(confidence: float, number: int) -> None:
    assert bin_of(confidence) == number
