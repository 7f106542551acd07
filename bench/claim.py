"""Claim next: how long it takes, and that it takes no longer when a million wait."""

from __future__ import annotations

from functools import partial
from statistics import median

from bench import raw
from bench.ground import Ground, Site
from bench.load import MARK, Order, request_of, send
from bench.rounds import take_turns
from bench.table import Line, Spread

FACTOR, CONSTANT_MS = 4.0, 3.0
GROWTH = 1.3
PROMISE = f"p50 ≤ {FACTOR:.0f} x raw + {CONSTANT_MS:.0f} ms"


def measure(ground: Ground) -> list[Line]:
    """Claim in this process, through the API and by raw SQL, at both sizes, in turns."""
    few, many = ground.scale.few, ground.scale.many
    contenders = {}
    for rows in (few, many):
        site = ground.site(rows)
        contenders[f"raw {rows}"] = partial(_raw, ground, site)
        contenders[f"claim_next {rows}"] = partial(_inside, ground, site)
        contenders[f"POST next/ {rows}"] = partial(_api, ground, site)
    measured = take_turns(contenders, ground.scale.rounds)
    ms = {name: Spread(tuple(values), "ms") for name, values in measured.items()}
    lines = [_against_raw(way, rows, ms) for way in ("claim_next", "POST next/") for rows in (few, many)]
    lines += [_growth(way, ms[f"{way} {few}"], ms[f"{way} {many}"]) for way in ("claim_next", "POST next/")]
    return [*lines, *(_scans(ground.site(rows), rows) for rows in (few, many))]


def _raw(ground: Ground, site: Site) -> float:
    keys = ground.keys
    return median(raw.claims(site.raw, keys["alice"], keys["raw_queue"], ground.scale.claims)) * 1e3


def _inside(ground: Ground, site: Site) -> float:
    taken: list[float] = site.inside.call("claim", number=ground.scale.claims)
    return median(taken) * 1e3


def _api(ground: Ground, site: Site) -> float:
    headers = {"Authorization": f"Bearer {ground.keys['reviewer']}", "X-Request-Number": MARK}
    request = request_of("POST", "/api/v1/escalations/next/", headers, "{}")
    order = Order(port=site.web.port, request=request, clients=1, seconds=ground.scale.seconds / 3)
    return send(order, "200").p50_ms


def _against_raw(way: str, rows: int, ms: dict[str, Spread]) -> Line:
    ours, yardstick = ms[f"{way} {rows}"], ms[f"raw {rows}"]
    pairs = zip(ours.values, yardstick.values, strict=True)
    kept = median(mine - FACTOR * theirs for mine, theirs in pairs) <= CONSTANT_MS
    return Line(
        work=f"{way}, {rows:,} waiting, p50",
        yardstick=Spread(yardstick.values, "ms", of="raw"),
        ours=ours,
        promise=PROMISE,
        kept=kept,
    )


def _growth(way: str, few: Spread, many: Spread) -> Line:
    return Line(
        work=f"{way}, many over few, p50",
        yardstick=Spread(few.values, "ms", of="few"),
        ours=many,
        promise=f"≤ {GROWTH} x",
        kept=many.over(few).median <= GROWTH,
    )


def _scans(site: Site, rows: int) -> Line:
    scans: list[str] = site.inside.call("scans_of_claim")
    unwanted = [scan for scan in scans if scan.startswith("Seq Scan")]
    return Line(
        work=f"claim_next, {rows:,} waiting: scans of the whole line",
        ours=Spread((len(unwanted),), f"({', '.join(scans)})"),
        promise="none, by waiting_by_urgency",
        kept=not unwanted and any("waiting_by_urgency" in scan for scan in scans),
    )
