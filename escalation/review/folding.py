"""How much of what an agent sent is shown at once; what is left out can be had whole. PURE."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from escalation.review.shapes import Cell, Shown, cell
from escalation.review.untrusted import cost_of

# Characters of HTML for one part of a page: about forty screens of text.
ROOM = 100_000
MOST_LINES = 200


class Room:
    """What is left of a part's room; whatever is taken from it is cut to fit."""

    def __init__(self, size: int = ROOM) -> None:
        self.left = size
        self.left_out = 0

    def take(self, text: str) -> str:
        """As much of a text as fits."""
        cost = cost_of(text)
        kept = text if cost <= self.left else text[: len(text) * self.left // cost]
        self.left -= min(cost, self.left)
        self.left_out += len(text) - len(kept)
        return kept

    def cell(self, shown: Cell) -> Cell:
        return replace(shown, text=self.take(shown.text))


def folded(value: Shown) -> Shown:
    """A value of which each part that does not fit is cut; `left_out` counts the characters."""
    room = Room()
    return replace(
        value,
        text=room.take(value.text),
        fields=[(room.take(key), room.cell(each)) for key, each in value.fields],
        columns=[room.take(name) for name in value.columns],
        rows=[[room.cell(each) for each in row] for row in value.rows],
        left_out=room.left_out,
    )


@dataclass(frozen=True, slots=True)
class Lines:
    """The first of a list of texts, how many there are, and how much was left out."""

    texts: Sequence[str]
    number: int
    left_out: bool


def lines_of(values: Any) -> Lines:
    """A list as lines; what is no text is its JSON."""
    given = values if isinstance(values, list) else []
    room = Room()
    texts = [room.take(cell(value).text) for value in given[:MOST_LINES]]
    return Lines(texts, len(given), bool(room.left_out) or len(given) > MOST_LINES)
