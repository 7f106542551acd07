"""The evidence of a watch over time: what a template needs to draw it as SVG. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from escalation.charts import BOTTOM, LEFT, RIGHT, TOP, Tick, path


@dataclass(frozen=True, slots=True)
class Trail:
    """Evidence against the threshold, on a scale in which each step is ten times as much, and its limit."""

    line: str
    limit: str
    limit_y: float
    x_ticks: list[Tick]
    y_ticks: list[Tick]


def draw_trail(points: Sequence[tuple[str, float, float]]) -> Trail | None:
    """Draw (moment as ISO text, evidence, limit), oldest first; None for fewer than two."""
    if len(points) < 2:
        return None
    moments = [datetime.fromisoformat(moment) for moment, _, _ in points]
    begin, span = moments[0], max((moments[-1] - moments[0]).total_seconds(), 1.0)
    highest = max(max(_tens(limit), _tens(mean)) for _, mean, limit in points) * 1.08
    across = [round(LEFT + (RIGHT - LEFT) * (moment - begin).total_seconds() / span, 2) for moment in moments]
    limits = [_up(limit, highest) for _, _, limit in points]
    return Trail(
        line=path(zip(across, [_up(mean, highest) for _, mean, _ in points], strict=True)),
        limit=path(zip(across, limits, strict=True)),
        limit_y=limits[-1],
        x_ticks=[Tick(LEFT, f"{begin:%-d %b %H:%M}"), Tick(RIGHT, f"{moments[-1]:%-d %b %H:%M}")],
        y_ticks=[Tick(_up(10**n - 1, highest), _short(n)) for n in range(int(highest) + 1)],
    )


def _short(tens: int) -> str:
    """Ten to this power, in the few letters that there is room for."""
    return f"{10 ** (tens % 3)}{['', ' k', ' m', ' bn'][tens // 3]}" if tens < 12 else f"1e{tens}"


def _tens(value: float) -> float:
    return math.log10(1 + value)


def _up(value: float, highest: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * _tens(value) / highest, 2)
