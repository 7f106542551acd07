"""Create and gate: requests per second and CPU per request, beside a stock view and raw inserts."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from bench import raw
from bench.ground import Ground, Server, Site
from bench.load import MARK, Order, request_of, send
from bench.rounds import take_turns
from bench.table import Line
from bench.window import Window, spreads, watched

FASTER, CPU_MS, GATE_OVER_CREATE = 2.0, 2.5, 1.2
CLIENTS = (1, 8, 32)


def measure(ground: Ground) -> list[Line]:
    """Create by the stock view, by ours and by raw inserts, and pass the gate, in turns."""
    site = ground.site(0)
    lines = []
    for clients in CLIENTS:
        contenders = {
            "stock": partial(_posted, ground, site.stock, _stock(ground), clients),
            "create": partial(_posted, ground, site.web, _create(ground), clients),
            "gate": partial(_posted, ground, site.web, _gate(ground), clients),
            "raw": partial(_inserted, ground, site, clients),
        }
        lines += _lines(clients, take_turns(contenders, ground.scale.rounds))
    return lines


def _posted(ground: Ground, server: Server, request: str, clients: int) -> Window:
    order = Order(port=server.port, request=request, clients=clients, seconds=ground.scale.seconds)
    return watched(ground, server.pid, lambda: send(order, "201"))


def _inserted(ground: Ground, site: Site, clients: int) -> Window:
    address = f"host={ground.folder.sockets} user=otherwise dbname={site.database}"
    seconds = ground.scale.seconds
    insert = partial(raw.work, "insert", address, json.dumps(BODY), clients=clients, seconds=seconds)
    return watched(ground, None, insert)


def _lines(clients: int, windows: dict[str, list[Window]]) -> list[Line]:
    rate = spreads(windows, "/s", lambda window: window.answers.per_second)
    p50 = spreads(windows, "ms", lambda window: window.answers.p50_ms)
    cpu = spreads(windows, "ms", lambda window: window.web_ms)
    base = spreads(windows, "ms", lambda window: window.database_ms)
    create = "create, 1 client" if clients == 1 else f"create, {clients} clients"
    gate = create.replace("create", "gate, accepted")
    faster = rate["create"].over(rate["stock"]).median >= FASTER
    lean = cpu["create"].median <= CPU_MS
    even = cpu["gate"].over(cpu["create"]).median <= GATE_OVER_CREATE
    web, database = "CPU of web for one", "CPU of PostgreSQL for one"
    return [
        Line.pair(create, rate, "create", "stock", f"≥ {FASTER:.0f} x", faster),
        Line.pair(f"{create}, beside raw inserts", rate, "create", "raw"),
        Line.pair(f"{create}, p50", p50, "create", "stock"),
        Line.pair(f"{create}, {web}", cpu, "create", "stock", f"≤ {CPU_MS} ms", lean),
        Line.pair(f"{create}, {database}", base, "create", "stock"),
        Line.pair(f"{create}, {database}, beside raw inserts", base, "create", "raw"),
        Line.pair(gate, rate, "gate", "create"),
        Line.pair(f"{gate}, {web}", cpu, "gate", "create", f"≤ {GATE_OVER_CREATE} x", even),
        Line.pair(f"{gate}, {database}", base, "gate", "create"),
    ]


def _create(ground: Ground) -> str:
    headers = {"Authorization": f"Bearer {ground.keys['agent']}", "Idempotency-Key": MARK}
    return request_of("POST", "/api/v1/escalations/", headers, json.dumps(BODY))


def _gate(ground: Ground) -> str:
    headers = {"Authorization": f"Bearer {ground.keys['agent']}", "Idempotency-Key": MARK}
    body = {name: BODY[name] for name in BODY.keys() - {"reason", "tags"}} | {"confidence": 0.97}
    return request_of("POST", "/api/v1/outcomes/", headers, json.dumps(body))


def _stock(ground: Ground) -> str:
    headers = {"Authorization": f"Token {ground.keys['stock']}"}
    body = BODY | {"agent": "support-triage", "key": MARK}
    return request_of("POST", "/questions/", headers, json.dumps(body))


SENTENCE = "My parcel was to arrive on Monday, and the page with the tracking number shows nothing new. "
BODY: dict[str, Any] = {
    "reason": "low_confidence",
    "title": "Where is my order 48213?",
    "task": {"message": SENTENCE * 9, "customer": {"name": "Alice", "since": 2019, "language": "en"}},
    "output": {"topic": "order", "reply": "It is on its way and should be with you on Thursday. " * 5},
    "confidence": 0.62,
    "trace": [
        {"kind": "model", "name": "turn 1", "seconds": 1.4, "tokens": 812, "cost_usd": 0.0011},
        {"kind": "tool", "name": "find_order", "seconds": 0.2, "input": {"order_number": "48213"},
         "output": {"status": "shipped", "carrier": "post", "expected": "Thursday"}},
        {"kind": "model", "name": "turn 2", "seconds": 1.9, "tokens": 1104, "cost_usd": 0.0016},
    ],
    "usage": {"input_tokens": 1723, "output_tokens": 193, "cost_usd": 0.0027, "seconds": 3.5, "turns": 2},
    "tags": ["order", "delivery"],
    "metadata": {"channel": "email", "conversation": "c-20931"},
}  # fmt: skip
