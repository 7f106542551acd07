"""The demo's back office over HTTP. It fails now and then on purpose: a breaker needs something to do."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from escalation.stack.back_office import shelf


@dataclass(frozen=True, slots=True)
class Outages:
    """Down for the last `for_s` seconds of every `every_s`; never when `every_s` is 0."""

    every_s: float = 0.0
    for_s: float = 0.0

    def is_down(self, at_s: float) -> bool:
        return self.every_s > 0 and at_s % self.every_s >= self.every_s - self.for_s


class BackOffice(BaseHTTPRequestHandler):
    """GET /articles?q=, GET /orders/NUMBER, POST /refunds (with an Idempotency-Key)."""

    protocol_version = "HTTP/1.1"
    outages: ClassVar[Outages] = Outages()
    began: ClassVar[float] = time.monotonic()
    refunds: ClassVar[dict[str, dict[str, Any]]] = {}

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if self._is_down():
            return
        if url.path == "/articles":
            self._answer(200, {"articles": shelf.search(parse_qs(url.query).get("q", [""])[0])})
        elif url.path.startswith("/orders/"):
            found = shelf.order(url.path.removeprefix("/orders/"))
            self._answer(200, found) if found else self._answer(404, {"error": "no such order"})
        else:
            self._answer(404, {"error": "no such page"})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        key = self.headers.get("Idempotency-Key")
        if self._is_down():
            return
        if self.path != "/refunds" or not key:
            self._answer(400, {"error": "POST /refunds with an Idempotency-Key"})
            return
        refund = self.refunds.setdefault(key, {"number": len(self.refunds) + 1, **asked})
        self._answer(201, refund)

    def _is_down(self) -> bool:
        down = self.outages.is_down(time.monotonic() - self.began)
        if down:
            self._answer(503, {"error": "down for maintenance"})
        return down

    def _answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the runs' own timeline tells what was asked."""


def back_office(port: int, outages: Outages = Outages()) -> ThreadingHTTPServer:
    """A server on a loopback port (0: a free one), not yet serving."""
    handler = type(
        "BackOfficeWithOutages", (BackOffice,), {"outages": outages, "began": time.monotonic(), "refunds": {}}
    )
    return ThreadingHTTPServer(("127.0.0.1", port), handler)
