"""The reviewer's pages, when ten thousand wait and when a million do."""

from __future__ import annotations

from functools import partial
from itertools import chain

from bench.ground import Ground, Site
from bench.load import Answers, Order, request_of, send
from bench.rounds import take_turns
from bench.table import Line, Spread

STATEMENTS, GROWTH = 8, 1.5
# Twelve charts with their tables, of a month, are a longer page.
P95_MS = {"queue page": 60.0, "escalation page": 60.0, "insights page": 300.0}


def measure(ground: Ground) -> list[Line]:
    """Ask for each page at both sizes, in turns, by one client."""
    few, many = ground.scale.few, ground.scale.many
    contenders, counted = {}, []
    for rows in (few, many):
        site = ground.site(rows)
        site.inside.call("count_days")
        for page, path in _pages(site).items():
            contenders[f"{page} {rows}"] = partial(_asked, ground, site, path)
            counted.append(_statements(site, f"{page}, {rows:,} waiting", path))
    answers = take_turns(contenders, ground.scale.rounds)
    lines = [_lines(page, few, many, answers) for page in P95_MS]
    return [*chain(*lines), *counted]


def _pages(site: Site) -> dict[str, str]:
    return {
        "queue page": "/queue/",
        "escalation page": f"/escalations/{site.inside.call('in_the_middle')}/",
        "insights page": "/insights/?days=30",
    }


def _asked(ground: Ground, site: Site, path: str) -> Answers:
    request = request_of("GET", path, {"Cookie": ground.keys["session"]})
    order = Order(port=site.web.port, request=request, clients=1, seconds=ground.scale.seconds)
    return send(order, "200")


def _lines(page: str, few: int, many: int, answers: dict[str, list[Answers]]) -> list[Line]:
    p50 = {rows: Spread(tuple(a.p50_ms for a in answers[f"{page} {rows}"]), "ms") for rows in (few, many)}
    p95 = Spread(tuple(a.p95_ms for a in answers[f"{page} {many}"]), "ms")
    grown = p50[many].over(p50[few])
    return [
        Line(work=f"{page}, {few:,} waiting, p50", ours=p50[few]),
        Line(
            work=f"{page}, {many:,} waiting, p50",
            yardstick=Spread(p50[few].values, "ms", of="few"),
            ours=p50[many],
            promise=f"≤ {GROWTH} x",
            kept=grown.median <= GROWTH,
        ),
        Line(
            work=f"{page}, {many:,} waiting, p95",
            ours=p95,
            promise=f"≤ {P95_MS[page]:.0f} ms",
            kept=p95.median <= P95_MS[page],
        ),
    ]


def _statements(site: Site, what: str, path: str) -> Line:
    number = site.inside.call("statements", path=path)
    return Line(
        work=f"{what}: SQL statements",
        ours=Spread((number,), ""),
        promise=f"≤ {STATEMENTS}",
        kept=number <= STATEMENTS,
    )
