"""Long polls: what two hundred who wait cost, whether others notice, and how soon they hear."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median

from bench.cpu import cpu_s
from bench.ground import Ground, Site
from bench.load import Order, request_of, send
from bench.table import Line, Spread
from bench.waiters import Wait, Waiters

CLIENTS = 200
CPU_PERCENT, SLOWER, LATE_MS = 5.0, 1.5, 1000.0
SETTLING_S = 2.0


@dataclass(frozen=True)
class Round:
    """CPU in percent of a core, latencies of others in ms, lateness of each decision in ms."""

    cpu: float
    alone_ms: float
    beside_ms: float
    late_ms: list[float]


def measure(ground: Ground) -> list[Line]:
    """Let all wait and do nothing else, then read beside them, then decide."""
    site = ground.site(0)
    _round(ground, site)
    rounds = [_round(ground, site) for _ in range(ground.scale.rounds)]
    cpu = Spread(tuple(one.cpu for one in rounds), "%")
    alone = Spread(tuple(one.alone_ms for one in rounds), "ms", of="alone")
    beside = Spread(tuple(one.beside_ms for one in rounds), "ms")
    p50 = Spread(tuple(median(one.late_ms) for one in rounds), "ms")
    p95 = Spread(tuple(_p95(one.late_ms) for one in rounds), "ms")
    return [
        Line(
            work=f"{CLIENTS} who wait: CPU of web and PostgreSQL, of a core",
            ours=cpu,
            promise=f"≤ {CPU_PERCENT:.0f} %",
            kept=cpu.median <= CPU_PERCENT,
        ),
        Line(
            work=f"read beside {CLIENTS} who wait, p95",
            yardstick=alone,
            ours=beside,
            promise=f"≤ {SLOWER} x",
            kept=beside.over(alone).median <= SLOWER,
        ),
        Line(work=f"decision to each of {CLIENTS} who wait, after the undo window, p50", ours=p50),
        Line(
            work=f"decision to each of {CLIENTS} who wait, after the undo window, p95",
            ours=p95,
            promise=f"≤ {LATE_MS:.0f} ms",
            kept=p95.median <= LATE_MS,
        ),
    ]


def _round(ground: Ground, site: Site) -> Round:
    ids = site.inside.call("raise_some", number=CLIENTS)
    alone_ms = _read_ms(ground, site, ids[0])
    waiters = Waiters(Wait(port=site.web.port, token=ground.keys["agent"], ids=ids))
    time.sleep(SETTLING_S)
    cpu = _cpu_percent(ground, site)
    beside_ms = _read_ms(ground, site, ids[0])
    in_effect: dict[str, float] = site.inside.call("decide_some", ids=ids)
    told = waiters.told()
    late_ms = [(told[int(id_)] - moment) * 1e3 for id_, moment in in_effect.items()]
    return Round(cpu, alone_ms, beside_ms, late_ms)


def _cpu_percent(ground: Ground, site: Site) -> float:
    def spent() -> float:
        return cpu_s(site.web.pid) + cpu_s(ground.postgres_pid)

    began, before = time.monotonic(), spent()
    time.sleep(2 * ground.scale.seconds)
    return (spent() - before) / (time.monotonic() - began) * 100


def _read_ms(ground: Ground, site: Site, id_: int) -> float:
    headers = {"Authorization": f"Bearer {ground.keys['agent']}"}
    request = request_of("GET", f"/api/v1/escalations/{id_}/", headers)
    order = Order(port=site.web.port, request=request, clients=1, seconds=ground.scale.seconds)
    return send(order, "200").p95_ms


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]
