"""Read, list and decide over REST, at one, eight and thirty-two clients, beside PostgreSQL alone.

Deciding also stands beside a stock view that inserts an answer and updates its question.
"""

from __future__ import annotations

from functools import partial

from bench import raw
from bench.ground import Ground, Server, Site
from bench.load import MARK, Order, request_of, send
from bench.rounds import take_turns
from bench.table import Line
from bench.window import Window, spreads, watched

CLIENTS = (1, 8, 32)
FASTER = 1.5
# Enough that each decision finds a row of its own.
ROWS = 40_000


def measure(ground: Ground) -> list[Line]:
    """Do each over HTTP and as the statements that cannot be left out, in turns."""
    site = ground.site(ROWS)
    newest = site.inside.call("newest_of_the_agent")
    held, questions = _Held(site.inside.call("claim_all")), _Held(1)
    lines = []
    for clients in CLIENTS:
        contenders = {
            "read": partial(_asked, ground, site, clients, f"/api/v1/escalations/{newest}/"),
            "list": partial(_asked, ground, site, clients, "/api/v1/escalations/?limit=50"),
            "decide": partial(_decided, ground, site, clients, held),
            "stock decide": partial(_answered, ground, site, clients, questions),
            "raw read": partial(_raw, ground, site, clients, "read", newest),
            "raw list": partial(_raw, ground, site, clients, "list", newest),
            "raw decide": partial(_raw, ground, site, clients, "decide", 1),
        }
        windows = take_turns(contenders, ground.scale.rounds)
        for work in ("read", "list", "decide"):
            lines += _lines(work, clients, windows)
        lines.append(_beside_stock(clients, windows))
    return lines


class _Held:
    """Rows that are there to be decided, each given out once."""

    def __init__(self, first: int) -> None:
        self.next = first

    def take(self, number: int) -> None:
        self.next += number


def _asked(ground: Ground, site: Site, clients: int, path: str) -> Window:
    request = request_of("GET", path, {"Authorization": f"Bearer {ground.keys['agent']}"})
    order = Order(port=site.web.port, request=request, clients=clients, seconds=ground.scale.seconds)
    return watched(ground, site.web.pid, lambda: send(order, "200"))


def _decided(ground: Ground, site: Site, clients: int, held: _Held) -> Window:
    headers = {"Authorization": f"Bearer {ground.keys['reviewer']}"}
    body = '{"verdict": "accept", "version": 1}'
    request = request_of("POST", f"/api/v1/escalations/{MARK}/decision/", headers, body)
    return _worked_off(ground, site.web, request, clients, held)


def _answered(ground: Ground, site: Site, clients: int, questions: _Held) -> Window:
    headers = {"Authorization": f"Token {ground.keys['stock']}"}
    request = request_of("POST", f"/questions/{MARK}/answers/", headers, '{"verdict": "accept"}')
    return _worked_off(ground, site.stock, request, clients, questions)


def _worked_off(ground: Ground, door: Server, request: str, clients: int, held: _Held) -> Window:
    seconds = ground.scale.seconds
    order = Order(port=door.port, request=request, clients=clients, seconds=seconds, first=held.next)
    window = watched(ground, door.pid, lambda: send(order, "201"))
    held.take(window.answers.number + clients)
    return window


def _raw(ground: Ground, site: Site, clients: int, kind: str, given: int) -> Window:
    address = f"host={ground.folder.sockets} user=otherwise dbname={site.database}"
    seconds = ground.scale.seconds
    return watched(ground, None, lambda: raw.work(kind, address, given, clients=clients, seconds=seconds))


def _lines(work: str, clients: int, windows: dict[str, list[Window]]) -> list[Line]:
    yardstick = f"raw {work}"
    rate = spreads(windows, "/s", lambda window: window.answers.per_second)
    p50 = spreads(windows, "ms", lambda window: window.answers.p50_ms)
    p95 = spreads(windows, "ms", lambda window: window.answers.p95_ms)
    p99 = spreads(windows, "ms", lambda window: window.answers.p99_ms)
    web = spreads(windows, "ms", lambda window: window.web_ms)
    database = spreads(windows, "ms", lambda window: window.database_ms)
    name = f"{work}, {clients} client{'s' if clients > 1 else ''}"
    return [
        Line.pair(name, rate, work, yardstick),
        Line.pair(f"{name}, p50", p50, work, yardstick),
        Line.pair(f"{name}, p95", p95, work, yardstick),
        Line.pair(f"{name}, p99", p99, work, yardstick),
        Line(work=f"{name}, CPU of web for one", ours=web[work]),
        Line.pair(f"{name}, CPU of PostgreSQL for one", database, work, yardstick),
    ]


def _beside_stock(clients: int, windows: dict[str, list[Window]]) -> Line:
    rate = spreads(windows, "/s", lambda window: window.answers.per_second)
    kept = rate["decide"].over(rate["stock decide"]).median >= FASTER
    name = f"decide, {clients} client{'s' if clients > 1 else ''}, beside a stock view"
    return Line.pair(name, rate, "decide", "stock decide", f"≥ {FASTER} x", kept)
