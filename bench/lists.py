"""Lists over REST, whole and by every filter, when ten thousand wait and when a million do."""

from __future__ import annotations

from functools import partial
from statistics import median

from bench.ground import Ground, Site
from bench.load import Order, request_of, send
from bench.rounds import take_turns
from bench.table import Line
from bench.window import Window, spreads, watched

P95_MS, GROWTH = 25.0, 1.5
# Two of each kind where it matters: one that many rows fit, one that none does.
FILTERS = {
    "all": "",
    "by status": "status=waiting",
    "by status, of which there are none": "status=withdrawn",
    "by agent": "agent=support-triage",
    "by gate": "gate=default",
    "by reason": "reason=low_confidence",
    "by reason, of which there are none": "reason=tool_failed",
    "by queue": "queue=support",
    "by priority": "priority=urgent",
    "PARTIAL only, of which there are none": "partial=true",
    "by tag, of which there are none": "tag=late",
    "by external id, of which there are none": "external_id=none",
    "search, a word of many": "q=order",
    "search, a word of none": "q=zeppelin",
    "by time": "raised_before=2999-01-01T00:00:00Z",
}
# There are many lists: each is asked for a part of a round's time.
SHARE = 0.25


def measure(ground: Ground) -> list[Line]:
    """Ask for fifty rows of each list at both sizes, in turns, by one client."""
    sites = {rows: ground.site(rows) for rows in (ground.scale.few, ground.scale.many)}
    contenders = {
        f"{name} {rows}": partial(_asked, ground, site, asked)
        for rows, site in sites.items()
        for name, asked in FILTERS.items()
    }
    windows = take_turns(contenders, ground.scale.rounds)
    p50 = spreads(windows, "ms", lambda window: window.answers.p50_ms)
    lines = []
    for name in FILTERS:
        few, many = (f"{name} {rows}" for rows in sites)
        p95 = median(window.answers.p95_ms for window in windows[many])
        kept = p95 <= P95_MS and p50[many].over(p50[few]).median <= GROWTH
        promise = f"≤ {GROWTH} x, p95 ≤ {P95_MS:.0f} ms"
        work = f"list: {name}; p95 {p95:.1f} ms; p50 beside that with {ground.scale.few:,} waiting"
        lines.append(Line.pair(work, p50, many, few, promise, kept))
    return lines


def _asked(ground: Ground, site: Site, asked: str) -> Window:
    headers = {"Authorization": f"Bearer {ground.keys['reviewer']}"}
    request = request_of("GET", f"/api/v1/escalations/?limit=50&{asked}".rstrip("&"), headers)
    order = Order(port=site.web.port, request=request, clients=1, seconds=SHARE * ground.scale.seconds)
    return watched(ground, site.web.pid, lambda: send(order, "200"))
