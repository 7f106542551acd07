"""From numbers to the geometry of a picture: what a template needs to draw it as SVG. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from escalation.charts import BOTTOM, LEFT, RIGHT, Tick, path, y_of
from escalation.tuning.statistics import Point

BINS = 20
CEILINGS = (0.02, 0.04, 0.08, 0.12, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Curve:
    """Risk against coverage: the line, the band up to the bound, and where the threshold in force stands."""

    line: str
    band: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    mark: Tick | None


@dataclass(frozen=True, slots=True)
class Bar:
    """The outcomes of one span of confidence, from `low` to under `high`, split by the threshold in force."""

    low: float
    high: float
    under: int
    reaching: int
    x: float
    width: float
    under_y: float
    under_height: float
    reaching_y: float
    reaching_height: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many outcomes had which confidence."""

    bars: list[Bar]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    mark: Tick | None


def draw_curve(points: Sequence[Point], threshold: float | None) -> Curve:
    """Draw the points, highest confidence first; `threshold` is the one in force."""
    ceiling = _ceiling(points)
    risk = [(_x(p.coverage), y_of(p.risk, ceiling)) for p in points]
    upper = [(_x(p.coverage), y_of(p.risk_upper, ceiling)) for p in points]
    return Curve(
        line=path(risk),
        band=f"{path([*upper, *reversed(risk)])} Z" if points else "",
        x_ticks=[Tick(_x(share), f"{share:.0%}") for share in (0, 0.25, 0.5, 0.75, 1)],
        y_ticks=[Tick(y_of(ceiling * n / 4, ceiling), _percent(ceiling * n / 4)) for n in range(5)],
        mark=_mark(points, threshold),
    )


def _ceiling(points: Sequence[Point]) -> float:
    # The bound of the first few labels is near 1, and would press the rest flat: it may leave the frame.
    settled = [p.risk_upper for p in points[len(points) // 4 :]]
    wanted = max([p.risk for p in points] + settled, default=1.0)
    return next(ceiling for ceiling in CEILINGS if ceiling >= min(wanted, 1.0))


def _mark(points: Sequence[Point], threshold: float | None) -> Tick | None:
    reached = [p for p in points if threshold is not None and p.threshold >= threshold]
    return Tick(_x(reached[-1].coverage), f"threshold {threshold:.3g}") if reached else None


def draw_histogram(counts: Iterable[tuple[float, int]], threshold: float | None) -> Histogram:
    """Draw (confidence, outcomes) pairs in bins of a twentieth; the last bin holds 1 too."""
    under, reaching = [0] * BINS, [0] * BINS
    for confidence, outcomes in counts:
        side = reaching if threshold is not None and confidence >= threshold else under
        side[bin_of(confidence)] += outcomes
    most = _round_up(max(map(sum, zip(under, reaching, strict=True)), default=0))
    return Histogram(
        bars=[_bar(n, under[n], reaching[n], most) for n in range(BINS)],
        x_ticks=[Tick(_x(share), f"{share:g}") for share in (0, 0.2, 0.4, 0.6, 0.8, 1)],
        y_ticks=[Tick(y_of(most * n / 2, most), f"{most * n // 2:,}") for n in range(3)],
        mark=_tick(threshold),
    )


def _tick(threshold: float | None) -> Tick | None:
    """Where the threshold stands among confidences; one that nothing reaches stands nowhere."""
    if threshold is None or threshold > 1:
        return None
    return Tick(_x(threshold), f"threshold {threshold:.3g}")


def bin_of(confidence: float) -> int:
    # Not int(confidence * BINS): 0.15 * 20 and 0.35 * 20 fall on either side of a whole number.
    return min(math.floor(round(confidence * BINS, 9)), BINS - 1)


def _bar(number: int, under: int, reaching: int, most: int) -> Bar:
    low, high = number / BINS, (number + 1) / BINS
    split, top = y_of(under, most), y_of(under + reaching, most)
    return Bar(
        low=low,
        high=high,
        under=under,
        reaching=reaching,
        x=_x(low) + 1,
        width=round(_x(high) - _x(low) - 2, 2),
        under_y=split,
        under_height=round(BOTTOM - split, 2),
        reaching_y=top,
        reaching_height=round(split - top, 2),
    )


def _round_up(count: int) -> int:
    """The next 2, 4, 6, 8, 10, 20, 40, …: an even number, for the tick half way."""
    magnitude = int(f"1{'0' * (len(str(count)) - 1)}")
    return next(step * magnitude for step in (2, 4, 6, 8, 10) if step * magnitude >= max(count, 2))


def _x(share: float) -> float:
    return round(LEFT + (RIGHT - LEFT) * share, 2)


def _percent(share: float) -> str:
    return f"{share * 100:.3g}%"
