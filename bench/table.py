"""The one table: what was measured, beside what, and whether the promise is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

HEADINGS = ("work", "yardstick", "ours", "ratio", "promise", "kept?")


@dataclass(frozen=True)
class Spread:
    """One number per round, in `unit`; shown as the median with the smallest and the largest."""

    values: tuple[float, ...]
    unit: str
    of: str = field(default="", kw_only=True)

    @property
    def median(self) -> float:
        return median(self.values)

    def over(self, other: Spread) -> Spread:
        """The ratio to `other`, round by round: what disturbed one round disturbed both."""
        pairs = zip(self.values, other.values, strict=True)
        return Spread(tuple(ours / theirs for ours, theirs in pairs), "x")

    def __str__(self) -> str:
        name = f"{self.of} " if self.of else ""
        low, high = _short(min(self.values)), _short(max(self.values))
        around = f" ({low} to {high})" if len(self.values) > 1 else ""
        return f"{name}{_short(self.median)} {self.unit}{around}".strip()


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the table; `kept` is None where nothing is promised."""

    work: str
    ours: Spread
    yardstick: Spread | None = None
    promise: str = ""
    kept: bool | None = None

    @classmethod
    def pair(
        cls,
        work: str,
        spreads: Mapping[str, Spread],
        ours: str,
        yardstick: str,
        promise: str = "",
        kept: bool | None = None,
    ) -> Line:
        """Set two spreads of the same kind beside each other."""
        return cls(work=work, ours=spreads[ours], yardstick=spreads[yardstick], promise=promise, kept=kept)

    def cells(self) -> tuple[str, ...]:
        ratio = str(self.ours.over(self.yardstick)) if self.yardstick else ""
        kept = {True: "yes", False: "NO", None: ""}[self.kept]
        yardstick = str(self.yardstick) if self.yardstick else ""
        return self.work, yardstick, str(self.ours), ratio, self.promise, kept


def table(lines: Sequence[Line]) -> str:
    """Return the lines as a Markdown table, in columns."""
    rows = [HEADINGS, *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join(f"| {' | '.join(map(str.ljust, row, widths))} |" for row in rows)


def _short(number: float) -> str:
    if abs(number) >= 100 or isinstance(number, int):
        return f"{number:.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"
