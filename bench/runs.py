"""Runs through a real worker, beside Celery tasks that do nothing through the same worker."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from bench.cpu import cpu_s
from bench.ground import Ground, Site
from bench.rounds import take_turns
from bench.table import Line, Spread

CPU_MS_PER_TURN = 15.0


@dataclass(frozen=True)
class Worked:
    """What a worker of two processes did in one go; CPU in seconds."""

    pieces: int
    turns: float
    seconds: float
    worker_s: float
    database_s: float


def measure(ground: Ground) -> list[Line]:
    """Work off runs and no-ops, in turns; the model is a process of its own, whose time is not ours."""
    site = ground.site(0)
    assert site.worker
    contenders = {"no-op": partial(_no_ops, ground, site), "run": partial(_runs, ground, site)}
    done = take_turns(contenders, ground.scale.rounds)
    no_ops, runs = done["no-op"], done["run"]
    empty = Spread(tuple(each.pieces / each.seconds for each in no_ops), "/s", of="no-op")
    empty_cpu = Spread(tuple(each.worker_s / each.pieces * 1e3 for each in no_ops), "ms", of="no-op")
    cpu = Spread(tuple(each.worker_s / each.turns * 1e3 for each in runs), "ms")
    return [
        Line(
            work="runs",
            ours=Spread(tuple(each.pieces / each.seconds for each in runs), "/s"),
            yardstick=empty,
        ),
        Line(
            work="turns",
            ours=Spread(tuple(each.turns / each.seconds for each in runs), "/s"),
            yardstick=empty,
        ),
        Line(
            work="turn, CPU of worker",
            ours=cpu,
            yardstick=empty_cpu,
            promise=f"≤ {CPU_MS_PER_TURN:.0f} ms",
            kept=cpu.median <= CPU_MS_PER_TURN,
        ),
        Line(
            work="turn, CPU of PostgreSQL",
            ours=Spread(tuple(each.database_s / each.turns * 1e3 for each in runs), "ms"),
        ),
    ]


def _no_ops(ground: Ground, site: Site) -> Worked:
    number = ground.scale.no_ops
    worker, database = cpu_s(site.worker), cpu_s(ground.postgres_pid)
    seconds = site.inside.call("work_off_no_ops", number=number)
    return Worked(number, number, seconds, cpu_s(site.worker) - worker, cpu_s(ground.postgres_pid) - database)


def _runs(ground: Ground, site: Site) -> Worked:
    number = ground.scale.runs
    worker, database = cpu_s(site.worker), cpu_s(ground.postgres_pid)
    done = site.inside.call("work_off_runs", number=number)
    spent = cpu_s(site.worker) - worker, cpu_s(ground.postgres_pid) - database
    return Worked(number, done["turns"], done["seconds"], *spent)
