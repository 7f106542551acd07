"""Claim next: how long it takes, and that it takes no longer when a million wait."""

from __future__ import annotations

from functools import partial
from statistics import mean, median

from bench import raw
from bench.ground import Ground, Server, Site
from bench.load import MARK, Order, request_of, send
from bench.rounds import take_turns
from bench.table import Line, Spread

FACTOR, CONSTANT_MS = 4.0, 3.0
GROWTH, FASTER = 1.3, 2.0
WAYS = ("claim_next", "POST next/")
PROMISE = f"p50 ≤ {FACTOR:.0f} x raw + {CONSTANT_MS:.0f} ms"


def measure(ground: Ground) -> list[Line]:
    """Claim in this process, through the API, by the stock view and by raw SQL, at both sizes, in turns."""
    few, many = sizes = ground.scale.few, ground.scale.many
    contenders = {}
    for rows in sizes:
        site = ground.site(rows)
        contenders[f"raw {rows}"] = partial(_raw, ground, site)
        contenders[f"claim_next {rows}"] = partial(_inside, ground, site)
        contenders[f"POST next/ {rows}"] = partial(_asked, ground, site.web, _next(ground))
        contenders[f"stock {rows}"] = partial(_asked, ground, site.stock, _stock(ground))
    taken_s = take_turns(contenders, ground.scale.rounds)
    ms = {name: Spread(tuple(median(each) * 1e3 for each in said), "ms") for name, said in taken_s.items()}
    lines = [_against_raw(way, rows, ms) for way in WAYS for rows in sizes]
    lines += [_against_stock(rows, taken_s) for rows in sizes]
    lines += [_growth(way, ms[f"{way} {few}"], ms[f"{way} {many}"]) for way in WAYS]
    return [*lines, *(_scans(ground.site(rows), rows) for rows in sizes)]


def _raw(ground: Ground, site: Site) -> list[float]:
    return raw.claims(site.raw, ground.keys["alice"], ground.keys["raw_queue"], ground.scale.claims)


def _inside(ground: Ground, site: Site) -> list[float]:
    taken_s: list[float] = site.inside.call("claim", number=ground.scale.claims)
    return taken_s


def _asked(ground: Ground, server: Server, request: str) -> list[float]:
    order = Order(port=server.port, request=request, clients=1, seconds=ground.scale.seconds / 3)
    return send(order, "200").latencies_s


def _next(ground: Ground) -> str:
    headers = {"Authorization": f"Bearer {ground.keys['reviewer']}", "X-Request-Number": MARK}
    return request_of("POST", "/api/v1/escalations/next/", headers, "{}")


def _stock(ground: Ground) -> str:
    headers = {"Authorization": f"Token {ground.keys['stock']}", "X-Request-Number": MARK}
    return request_of("POST", "/questions/next/", headers, "{}")


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


def _against_stock(rows: int, taken_s: dict[str, list[list[float]]]) -> Line:
    # One request after another: as many in a second as fit into it.
    ours, stock = (
        Spread(tuple(1 / mean(each) for each in taken_s[f"{who} {rows}"]), "/s", of=who)
        for who in ("POST next/", "stock")
    )
    return Line(
        work=f"POST next/, {rows:,} waiting, 1 client",
        yardstick=stock,
        ours=ours,
        promise=f"≥ {FASTER:.0f} x",
        kept=ours.over(stock).median >= FASTER,
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
