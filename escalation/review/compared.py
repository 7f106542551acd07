"""What a human changed in what an agent said: by field, by cell of a table, or as a whole. PURE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Any

from escalation.review.shapes import in_order, pretty

MOST_CHANGES = 100
ABSENT = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One place where two values differ; `where` is empty when they differ as a whole."""

    where: str
    before: str
    after: str


def changes(before: Any, after: Any, order: Sequence[str] = ()) -> list[Change]:
    """Where `after` differs from `before`, at most 100 places; `order` is that of the agent's keys."""
    return list(islice(_walk(before, after, order, ()), MOST_CHANGES))


def _walk(before: Any, after: Any, order: Sequence[str], path: tuple[str, ...]) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in in_order({**before, **after}, order):
            yield from _walk(before.get(key, ABSENT), after.get(key, ABSENT), order, (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        for number, (one, other) in enumerate(zip_longest(before, after, fillvalue=ABSENT), 1):
            yield from _walk(one, other, order, (*path, f"row {number}"))
    elif _text(before) != _text(after) or type(before) is not type(after):
        yield Change(", ".join(path), _text(before), _text(after))


def _text(value: Any) -> str:
    return "" if value is ABSENT else value if isinstance(value, str) else pretty(value)
