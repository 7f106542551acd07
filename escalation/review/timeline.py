"""The steps an agent took. PURE: a trace may come from any agent, so nothing is assumed of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from escalation.review.shapes import Cell, cell


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

    @property
    def has_more(self) -> bool:
        return bool(self.input or self.output or self.error)


def timeline(trace: Any) -> list[Moment]:
    """Read a trace; an entry that is no object is shown as it stands."""
    entries: Sequence[Any] = trace if isinstance(trace, list) else []
    return [_moment(entry if isinstance(entry, dict) else {"output": entry}) for entry in entries]


def _moment(entry: dict[str, Any]) -> Moment:
    cost = _number(entry.get("cost_usd"))
    return Moment(
        kind=_text(entry.get("kind")) or "step",
        name=_text(entry.get("name")),
        at=_time(entry.get("at")),
        seconds=_number(entry.get("seconds")),
        tokens=_tokens(entry.get("tokens")),
        cost_usd=cost,
        input=_part(entry, "input"),
        output=_part(entry, "output"),
        error=_text(entry.get("error")),
    )


def _part(entry: dict[str, Any], name: str) -> Cell | None:
    value = entry.get(name)
    return None if value is None or value == "" else cell(value)


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
