"""The reliability diagram: what confidences have meant, as the geometry a template draws as SVG. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalation.charts import Tick
from escalation.tuning.calibration import Bin, Fitted

SIDE, LEFT, TOP = 320, 56, 16
BOTTOM, RIGHT = TOP + SIDE, LEFT + SIDE


@dataclass(frozen=True, slots=True)
class Spot:
    """A bin: where it stands, how far its interval reaches, and how large it is; grey without labels."""

    x: float
    y: float
    high_y: float
    low_y: float
    radius: float
    seen: bool


@dataclass(frozen=True, slots=True)
class Diagram:
    """Confidence across, share that was right up; on the diagonal, an agent means what it says."""

    spots: list[Spot]
    curve: str
    ticks: list[Tick]
    y_ticks: list[Tick]


def draw_diagram(bins: Sequence[Bin], fitted: Fitted | None) -> Diagram:
    """Draw the bins, and the calibrated curve where there is one."""
    most = max((one.outcomes for one in bins), default=1)
    knots = fitted.knots if fitted else []
    path = " ".join(f"{'L' if n else 'M'} {_x(at):g} {_y(share):g}" for n, (at, share) in enumerate(knots))
    shares = (0, 0.25, 0.5, 0.75, 1)
    return Diagram(
        spots=[_spot(one, most) for one in bins],
        curve=path,
        ticks=[Tick(_x(share), f"{share:g}") for share in shares],
        y_ticks=[Tick(_y(share), f"{share:.0%}") for share in shares],
    )


def _spot(one: Bin, most: int) -> Spot:
    radius = round(3 + 4 * (one.outcomes / most) ** 0.5, 2)
    if not one.right.labels:
        return Spot(_x(one.confidence), BOTTOM - 8, BOTTOM - 8, BOTTOM - 8, radius, seen=False)
    right = one.right
    return Spot(_x(one.confidence), _y(right.share), _y(right.high), _y(right.low), radius, seen=True)


def _x(share: float) -> float:
    return round(LEFT + SIDE * share, 2)


def _y(share: float) -> float:
    return round(BOTTOM - SIDE * share, 2)
