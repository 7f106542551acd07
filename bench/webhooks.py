"""Webhooks: how many leave in a second, beside the same requests without an outbox, and what one costs."""

from __future__ import annotations

import sys
from functools import partial

from bench.cpu import cpu_s
from bench.ground import Ground, Site
from bench.rounds import take_turns
from bench.table import Line, Spread
from escalation.stack.plan import PROJECT
from escalation.stack.processes import Process
from escalation.stack.readiness import answers, free_port

RECEIVERS = 4


def measure(ground: Ground) -> list[Line]:
    """Work off what is due for four receivers, and post as much with nothing around it, in turns."""
    site = ground.site(0)
    url = _receiver(ground)
    site.inside.call("subscribe", urls=[f"{url}/{number}" for number in range(RECEIVERS)])
    each = ground.scale.runs * 5
    contenders = {
        "webhooks": partial(_sent, ground, site, each),
        "bare": partial(_bare, site, url, each),
    }
    said = take_turns(contenders, ground.scale.rounds)
    total = each * RECEIVERS
    rate = {
        name: Spread(tuple(total / one["seconds"] for one in rounds), "/s", of=name)
        for name, rounds in said.items()
    }
    ours = said["webhooks"]
    return [
        Line.pair(f"webhooks to {RECEIVERS} receivers", rate, "webhooks", "bare"),
        Line(
            work="webhooks, CPU of worker and PostgreSQL for one",
            ours=Spread(tuple(one["cpu_s"] / total * 1e3 for one in ours), "ms"),
        ),
    ]


def _receiver(ground: Ground) -> str:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = (sys.executable, "-m", "bench.receiver", str(port))
    environment = ground.environment("otherwise")
    ready = partial(answers, url)
    ground.start(
        Process(name="receiver", command=command, environment=environment, folder=PROJECT, ready=ready)
    )
    return url


def _sent(ground: Ground, site: Site, each: int) -> dict[str, float]:
    pids = (site.deliverer, ground.postgres_pid)
    before = sum(map(cpu_s, pids))
    seconds: float = site.inside.call("work_off_webhooks", each=each)
    return {"seconds": seconds, "cpu_s": sum(map(cpu_s, pids)) - before}


def _bare(site: Site, url: str, each: int) -> dict[str, float]:
    return {"seconds": site.inside.call("post_bare", url=url, number=each * RECEIVERS)}
