"""From numbers to the geometry of a picture: the frame that every chart is drawn in (PURE)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 704, 20, 252
MOST_X_TICKS = 8
ROUND = (4, 8, 12, 16, 20, 40, 60, 80, 100)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, in the picture's units, and what it says."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a bar: of which series, where, how high, and what it says when it is pointed at."""

    series: int
    x: float
    y: float
    width: float
    height: float
    says: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of one series, broken where there is no number; `dots` are those that stand alone."""

    series: int
    path: str
    dots: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Picture:
    """What a template draws: bars, a band, lines, and both axes."""

    blocks: Sequence[Block] = ()
    lines: Sequence[Line] = ()
    band: str = ""
    x_ticks: Sequence[Tick] = ()
    y_ticks: Sequence[Tick] = ()


Numbers = Sequence[float | None]


def stacked(days: Sequence[str], series: Sequence[Numbers], names: Sequence[str]) -> Picture:
    """A bar for each day, its parts upon each other in the order of `series`."""
    columns = [[value or 0 for value in column] for column in zip(*series, strict=True)]
    most = ceiling(max(map(sum, columns), default=0))
    blocks = [
        block
        for n, column in enumerate(columns)
        for block in _bar(n, len(days), column, most, (days[n], names))
    ]
    return Picture(blocks, x_ticks=_day_ticks(days), y_ticks=_value_ticks(most))


def _bar(
    n: int, number: int, column: Sequence[float], most: float, said: tuple[str, Sequence[str]]
) -> list[Block]:
    width = (RIGHT - LEFT) / number
    gap = min(3.0, width / 4)
    edges = [y_of(value, most) for value in accumulate(column, initial=0)]
    day, names = said
    return [
        Block(
            series=k,
            x=round(LEFT + n * width + gap / 2, 2),
            y=upper,
            width=round(width - gap, 2),
            height=round(lower - upper, 2),
            says=f"{day} · {names[k]} {_short(column[k])}",
        )
        for k, (lower, upper) in enumerate(pairwise(edges))
        if lower > upper
    ]


def lined(
    days: Sequence[str],
    series: Sequence[Numbers],
    *,
    band: tuple[Numbers, Numbers] | None = None,
    most: float | None = None,
    percent: bool = False,
) -> Picture:
    """A line for each series over the days, and a band between two of numbers; none: no data on that day."""
    shown = [value for each in (*series, *(band or ())) for value in each if value is not None]
    top = most or ceiling(max(shown, default=0), percent=percent)
    lines = [_line(k, each, top) for k, each in enumerate(series)]
    shape = _band(*band, top) if band else ""
    return Picture((), lines, shape, _day_ticks(days), _value_ticks(top, percent=percent))


def _line(series: int, values: Numbers, most: float) -> Line:
    pieces = _pieces(values, most)
    alone = [piece[0] for piece in pieces if len(piece) == 1]
    return Line(series, " ".join(path(piece) for piece in pieces if len(piece) > 1), alone)


def _pieces(values: Numbers, most: float) -> list[list[tuple[float, float]]]:
    pieces: list[list[tuple[float, float]]] = [[]]
    for n, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((_middle(n, len(values)), y_of(value, most)))
    return [piece for piece in pieces if piece]


def _band(lower: Numbers, upper: Numbers, most: float) -> str:
    edges = [(n, low, high) for n, (low, high) in enumerate(zip(lower, upper, strict=True))]
    known = [(n, low, high) for n, low, high in edges if low is not None and high is not None]
    if len(known) < 2:
        return ""
    there = [(_middle(n, len(upper)), y_of(high, most)) for n, _, high in known]
    back = [(_middle(n, len(upper)), y_of(low, most)) for n, low, _ in reversed(known)]
    return f"{path([*there, *back])} Z"


def ceiling(value: float, *, percent: bool = False) -> float:
    """The next number whose quarters are round, for the end of an axis; of shares at most 1."""
    power = 0.001 if percent else 1.0
    while value > 100 * power:
        power *= 10
    reached = next(step * power for step in ROUND if step * power >= value)
    return min(reached, 1.0) if percent else reached


def _value_ticks(most: float, *, percent: bool = False) -> list[Tick]:
    marks = [most * n / 4 for n in range(5)]
    labels = [f"{mark * 100:.3g}%" if percent else _short(mark) for mark in marks]
    return [Tick(y_of(mark, most), label) for mark, label in zip(marks, labels, strict=True)]


def _day_ticks(days: Sequence[str]) -> list[Tick]:
    every = -(-len(days) // MOST_X_TICKS) or 1
    return [
        Tick(_middle(n, len(days)), day) for n, day in enumerate(days) if (len(days) - 1 - n) % every == 0
    ]


def _middle(n: int, number: int) -> float:
    return round(LEFT + (RIGHT - LEFT) * (n + 0.5) / number, 2)


def y_of(value: float, most: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * min(value / most, 1.0), 2)


def path(corners: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{'L' if n else 'M'} {x:g} {y:g}" for n, (x, y) in enumerate(corners))


def _short(number: float) -> str:
    for unit, size in (("M", 1_000_000), ("k", 10_000)):
        if number >= size:
            return f"{number / (size if unit == 'M' else 1000):.3g}{unit}"
    return f"{number:,.0f}" if number == int(number) else f"{number:,.2f}"
