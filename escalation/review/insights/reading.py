"""Numbers that were counted by day, series by series, and what can be said of them (PURE)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

# (measure, label): {day: (number, total)}
Counts = Mapping[tuple[str, str], Mapping[date, tuple[int, float]]]
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Span:
    """The days or weeks of the page, each by its first day."""

    periods: Sequence[date]
    weekly: bool = False

    @property
    def labels(self) -> list[str]:
        return [f"{day.day} {day:%b}" for day in self.periods]


class Reader:
    """Numbers of a span, series by series."""

    def __init__(self, counts: Counts, span: Span) -> None:
        self.counts, self.span = counts, span

    def of(self, measure: str, label: str | None = None, *, total: bool = False) -> list[float]:
        """The number (or total) of each period, of one label or of all."""
        wanted = [
            days for (name, each), days in self.counts.items() if name == measure and label in (None, each)
        ]
        at = 1 if total else 0
        return [sum(days.get(day, (0, 0.0))[at] for days in wanted) for day in self.span.periods]

    def labels(self, measure: str) -> list[str]:
        """The labels that there are, the most frequent first."""
        sizes: dict[str, float] = defaultdict(float)
        for (name, label), days in self.counts.items():
            if name == measure:
                sizes[label] += sum(number for number, _ in days.values())
        return sorted(sizes, key=lambda label: (-sizes[label], label))

    def quantile(self, measure: str, share: float) -> list[float | None]:
        """A quantile of what was counted in steps, in seconds: true to about a fifth."""
        steps = {int(label): self.of(measure, label) for label in self.labels(measure)}
        return [
            quantile({step: values[n] for step, values in steps.items()}, share)
            for n in range(len(self.span.periods))
        ]


def quantile(steps: Mapping[int, float], share: float) -> float | None:
    """The quantile of durations of which so many fell into each step; step k begins at 2^(k/2) seconds."""
    wanted = sum(steps.values()) * share
    if not wanted:
        return None
    for step in sorted(steps):
        if steps[step] >= wanted:
            return float(2 ** ((step + wanted / steps[step]) / 2))
        wanted -= steps[step]
    return float(2 ** ((max(steps) + 1) / 2))


def upper_bound(wrong: float, checked: float) -> float | None:
    """The error rate that is not exceeded, one-sided 95 % (Clopper and Pearson 1934); None without data."""
    if not checked:
        return None
    from scipy.stats import beta  # a second that only those pay who ask for this figure

    return float(beta.ppf(CONFIDENCE, wrong + 1, checked - wrong)) if wrong < checked else 1.0


def span_of(today: date, days: int) -> Span:
    """The last `days` days up to today; weeks, from their Mondays, when that is more than a quarter."""
    first = today - timedelta(days=days - 1)
    if days <= 92:
        return Span([first + timedelta(days=n) for n in range(days)])
    monday = first - timedelta(days=first.weekday())
    return Span([monday + timedelta(days=n) for n in range(0, (today - monday).days + 1, 7)], weekly=True)


def gathered(rows: Iterable[tuple[date, str, str, int, float]]) -> Counts:
    """Rows of (day, measure, label, number, total) by what they count."""
    counts: dict[tuple[str, str], dict[date, tuple[int, float]]] = defaultdict(dict)
    for day, measure, label, number, total in rows:
        counts[measure, label][day] = (number, total)
    return counts
