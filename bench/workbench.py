"""The workbench of a gate that a million results have passed."""

from __future__ import annotations

from bench.ground import Ground
from bench.table import Line, Spread

OUTCOMES, DECIDED = 1_000_000, 100_000
LONGEST_MS = 300.0


def measure(ground: Ground) -> list[Line]:
    """Let beat count once, then ask for the page: the first time, again, and with replays."""
    site = ground.site(max(ground.scale.many // 10, DECIDED + 10_000))
    labels = site.inside.call("seed_outcomes", rows=OUTCOMES, decided=DECIDED)
    waited = site.inside.call("workbench", rounds=ground.scale.rounds)
    what = f"workbench, {OUTCOMES:,} outcomes, {labels:,} labels"
    return [
        Line(work=f"{what}: counted once, by beat", ours=Spread(tuple(waited["tallied"]), "s")),
        _line(f"{what}: asked for the first time", waited["first"]),
        _line(f"{what}: the page", waited["again"]),
        _line(f"{what}: with a replay", waited["replay"]),
        _line(f"{what}: with a replay in which hardly anything moves", waited["near"]),
    ]


def _line(work: str, seconds: list[float]) -> Line:
    ours = Spread(tuple(1000 * one for one in seconds), "ms")
    return Line(work=work, ours=ours, promise=f"≤ {LONGEST_MS:.0f} ms", kept=ours.median <= LONGEST_MS)
