"""The reviewer's pages, when ten thousand wait and when a million do."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import Any

from bench.ground import Ground, Site
from bench.load import Order, request_of, send
from bench.rounds import take_turns
from bench.table import Line, Spread
from bench.window import Window, watched

STATEMENTS, GROWTH, P95_MS = 8, 1.5, 60.0
# Twelve charts with their tables are a longer page.
LONGER_MS = {"insights of a month": 300.0, "insights of a year": 300.0, "quality of decisions": 300.0}
# There are many pages: each is asked for a part of a round's time.
SHARE = 0.25


def measure(ground: Ground) -> list[Line]:
    """Ask for each page at both sizes, in turns, by one client; then ask PostgreSQL how it found the rows."""
    sites = {rows: ground.site(rows) for rows in (ground.scale.few, ground.scale.many)}
    paths = {rows: site.inside.call("visits.furnish") for rows, site in sites.items()}
    contenders = {
        f"{page} {rows}": partial(_asked, ground, sites[rows], path)
        for rows, pages in paths.items()
        for page, path in pages.items()
    }
    answers = take_turns(contenders, ground.scale.rounds)
    few, many = sites
    asked = sites[many].inside.call("visits.asked_of_the_database", paths=paths[many])
    return [*(_timed(page, few, many, answers) for page in paths[many]), *_queried(asked)]


def _asked(ground: Ground, site: Site, path: str) -> Window:
    request = request_of("GET", path, {"Cookie": ground.keys["session"]})
    order = Order(port=site.web.port, request=request, clients=1, seconds=SHARE * ground.scale.seconds)
    return watched(ground, site.web.pid, lambda: send(order, "200"))


def _timed(page: str, few: int, many: int, windows: dict[str, list[Window]]) -> Line:
    few_ms, many_ms = (_cpu_ms(windows[f"{page} {rows}"]) for rows in (few, many))
    answers = [window.answers for window in windows[f"{page} {many}"]]
    p50, p95 = median(each.p50_ms for each in answers), median(each.p95_ms for each in answers)
    longest = LONGER_MS.get(page, P95_MS)
    return Line(
        work=f"page: {page}; p50 {p50:.0f} ms, p95 {p95:.0f} ms; CPU beside that with {few:,} waiting",
        yardstick=few_ms,
        ours=many_ms,
        promise=f"≤ {GROWTH} x, p95 ≤ {longest:.0f} ms",
        kept=many_ms.over(few_ms).median <= GROWTH and p95 <= longest,
    )


def _cpu_ms(windows: list[Window]) -> Spread:
    return Spread(tuple(each.web_ms + each.database_ms for each in windows), "ms")


def _queried(asked: dict[str, dict[str, Any]]) -> list[Line]:
    most = max(asked, key=lambda page: asked[page]["statements"])
    number = asked[most]["statements"]
    scans = [f"{page} reads all of {table}" for page, each in asked.items() for table in each["scanned"]]
    return [
        Line(
            work=f"SQL statements of a page, most of {len(asked)} ({most})",
            ours=Spread((number,), ""),
            promise=f"≤ {STATEMENTS}",
            kept=number <= STATEMENTS,
        ),
        Line(
            work="; ".join(["big tables that a page reads from end to end", *scans]),
            ours=Spread((len(scans),), ""),
            promise="0",
            kept=not scans,
        ),
    ]
