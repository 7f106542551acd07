"""Whether a review queue has more than it can do, and when it will have drained (PURE)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

# A queue that was full is full until it has drained to this share: else it would be so every other minute.
RELIEF = 0.8
# Ops hear of it when what arrives would fill the queue within so many hours.
SOON_H = 4.0


class Pressure(StrEnum):
    CALM = "calm"
    RISING = "rising"  # it will be full soon, as things go
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Load:
    """How many wait, how many of them a queue takes, and what came and went in the last hour."""

    waiting: int
    capacity: int
    arrivals_per_h: float
    decisions_per_h: float

    @property
    def drains_in_h(self) -> float | None:
        """How long until nothing waits, as things go; None: it does not drain."""
        if not self.waiting:
            return 0.0
        net = self.decisions_per_h - self.arrivals_per_h
        return self.waiting / net if net > 0 else None

    @property
    def full_in_h(self) -> float | None:
        """How long until it is full, as things go; None: not at all."""
        if self.waiting >= self.capacity:
            return 0.0
        net = self.arrivals_per_h - self.decisions_per_h
        return (self.capacity - self.waiting) / net if net > 0 else None

    def pressure(self, *, was_over: bool) -> Pressure:
        """Over from its capacity on until it has drained to four fifths of it; rising when that is near."""
        limit = self.capacity * RELIEF if was_over else self.capacity
        if self.waiting > limit:
            return Pressure.OVER
        soon = self.full_in_h is not None and self.full_in_h <= SOON_H
        return Pressure.RISING if soon else Pressure.CALM

    def as_dict(self, pressure: Pressure) -> dict[str, Any]:
        return {
            **asdict(self),
            "pressure": str(pressure),
            "drains_in_h": self.drains_in_h,
            "full_in_h": self.full_in_h,
            "sentence": self.sentence(pressure),
        }

    def sentence(self, pressure: Pressure) -> str:
        """What ops are told, with the numbers."""
        rates = (
            f"{self.waiting} wait of {self.capacity}; in the last hour {self.arrivals_per_h:.0f} came and "
            f"{self.decisions_per_h:.0f} were decided"
        )
        if pressure == Pressure.RISING and self.full_in_h is not None:
            return f"{rates}: full in about {_hours(self.full_in_h)}."
        if self.drains_in_h is None:
            return f"{rates}: it does not drain."
        return f"{rates}: drained in about {_hours(self.drains_in_h)}."


def _hours(hours: float) -> str:
    if hours < 1:
        return f"{max(1, round(hours * 60))} minutes"
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"
