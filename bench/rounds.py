"""Taking turns: whatever disturbs the machine for a moment disturbs every contender."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

Measured = TypeVar("Measured")


def take_turns(contenders: Mapping[str, Callable[[], Measured]], rounds: int) -> dict[str, list[Measured]]:
    """Let each contender warm up once, then go once in every round; return what each said, round by round."""
    names = list(contenders)
    for name in names:
        contenders[name]()
    said: dict[str, list[Measured]] = {name: [] for name in names}
    for number in range(rounds):
        # Nobody is always first, and nobody always follows the same neighbour's dirt.
        for name in names[number % len(names) :] + names[: number % len(names)]:
            said[name].append(contenders[name]())
    return said
