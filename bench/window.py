"""A few seconds of load, and what they cost the server's processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.cpu import cpu_s
from bench.ground import Ground
from bench.load import Answers
from bench.table import Spread


@dataclass(frozen=True)
class Window:
    """What came of a few seconds of load; CPU in milliseconds for each request."""

    answers: Answers
    web_ms: float
    database_ms: float


def watched(ground: Ground, web: int | None, act: Callable[[], Answers]) -> Window:
    def spent() -> tuple[float, float]:
        return cpu_s(web) if web else 0.0, cpu_s(ground.postgres_pid)

    before = spent()
    answers = act()
    web_s, database_s = (after - earlier for after, earlier in zip(spent(), before, strict=True))
    return Window(answers, web_s / answers.number * 1e3, database_s / answers.number * 1e3)


def spreads(
    windows: dict[str, list[Window]], unit: str, number: Callable[[Window], float]
) -> dict[str, Spread]:
    return {name: Spread(tuple(map(number, each)), unit, of=name) for name, each in windows.items()}
