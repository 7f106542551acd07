"""What a threshold costs: errors that slip through against people's time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalation.tuning.calibration import Fitted
from escalation.tuning.statistics import Point


@dataclass(frozen=True, slots=True)
class Prices:
    """What a wrong result costs that was accepted, and what one escalation costs; in the same money.

    `missed`: the share of errors that reviewers let through as well: asking does not save from those.
    """

    error: float
    asking: float
    missed: float = 0.0

    @property
    def saved(self) -> float:
        """What asking saves of a wrong result."""
        return self.error * (1 - self.missed)

    @property
    def enough(self) -> float:
        """How often a result must be right for accepting it to cost less than asking (Chow 1970)."""
        return 1 - self.asking / self.saved


def cost_at(point: Point, prices: Prices) -> float:
    """The expected cost of one result, by the estimate."""
    return prices.saved * point.risk * point.coverage + prices.asking * (1 - point.coverage)


def cheapest(points: Sequence[Point], prices: Prices, lowest: float = 0.0) -> Point | None:
    """The point of least expected cost, none below `lowest`; None without labels."""
    known = [point for point in points if point.labels and point.threshold >= lowest]
    return min(known, key=lambda point: cost_at(point, prices), default=None)


def by_chow(fitted: Fitted | None, prices: Prices) -> float | None:
    """The lowest confidence that was right often enough, by the calibrated curve; None: none, or no curve."""
    return fitted.lowest_with(prices.enough) if fitted else None
