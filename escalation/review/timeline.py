"""The steps an agent took. PURE: a trace may come from any agent, so nothing is assumed of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from escalation.review.folding import ROOM, Room
from escalation.review.shapes import Cell, cell

# A long trace is shown by its two ends.
FIRST, LAST = 150, 50


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline; what the agent did not report is None."""

    kind: str
    name: str
    at: datetime | None
    seconds: float | None
    tokens: int | None
    cost_usd: float | None
    input: Cell | None
    output: Cell | None
    error: str
    skipped: int = 0  # steps between the one before and this one

    @property
    def has_more(self) -> bool:
        return bool(self.input or self.output or self.error)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The steps that are shown, how many there are, and whether something was left out."""

    moments: Sequence[Moment]
    number: int
    left_out: bool

    @property
    def first_failure(self) -> Moment | None:
        """The step to look at first."""
        return next((moment for moment in self.moments if moment.error), None)


def timeline(trace: Any, *, only_tools: bool = False) -> Timeline:
    """Read a trace: its beginning, its end and its first failure; an entry that is no object as it stands."""
    given: Sequence[Any] = trace if isinstance(trace, list) else []
    entries = [entry if isinstance(entry, dict) else {"output": entry} for entry in given]
    if only_tools:
        entries = [entry for entry in entries if entry.get("kind") == "tool"]
    room, before, moments = Room(2 * ROOM), -1, []
    for at in _places(entries):
        moments.append(_moment(entries[at], at - before - 1, room))
        before = at
    return Timeline(moments, len(entries), bool(room.left_out) or len(moments) < len(entries))


def _places(entries: Sequence[dict[str, Any]]) -> list[int]:
    number = len(entries)
    failed = next((at for at, entry in enumerate(entries) if entry.get("error")), 0)
    return sorted(
        {*range(min(FIRST, number)), *range(max(0, number - LAST), number), *([failed] if number else [])}
    )


def _moment(entry: dict[str, Any], skipped: int, room: Room) -> Moment:
    cost = _number(entry.get("cost_usd"))
    return Moment(
        kind=room.take(_text(entry.get("kind"))) or "step",
        name=room.take(_text(entry.get("name"))),
        at=_time(entry.get("at")),
        seconds=_number(entry.get("seconds")),
        tokens=_tokens(entry.get("tokens")),
        cost_usd=cost,
        input=_part(entry, "input", room),
        output=_part(entry, "output", room),
        error=room.take(_text(entry.get("error"))),
        skipped=skipped,
    )


def _part(entry: dict[str, Any], name: str, room: Room) -> Cell | None:
    value = entry.get(name)
    return None if value is None or value == "" else room.cell(cell(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else cell(value).text


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _tokens(value: Any) -> int | None:
    if isinstance(value, dict):  # {input, output, …}
        return sum(int(part) for part in map(_number, value.values()) if part is not None)
    count = _number(value)
    return None if count is None else int(count)


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
