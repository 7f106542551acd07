"""The bench's load client against a real HTTP server."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from bench.load import MARK, Order, request_of, send


class Counter(BaseHTTPRequestHandler):
    """Answers 201 to what it has not seen yet, and 409 to the rest."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[set[bytes]] = set()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(409 if body in self.seen else 201)
        self.seen.add(body)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Where a Counter that has seen nothing listens."""
    Counter.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Counter) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_no_two_requests_of_any_client_are_alike(port: int) -> None:
    order = Order(
        port=port, request=request_of("POST", "/", {}, f'{{"key": "{MARK}"}}'), clients=3, seconds=0.3
    )

    answers = send(order, "201")

    assert answers.number == len(Counter.seen) >= 3
    assert answers.per_second == pytest.approx(answers.number / answers.elapsed_s)


def test_an_unexpected_answer_is_no_measurement(port: int) -> None:
    order = Order(port=port, request=request_of("POST", "/", {}, "always the same"), clients=1, seconds=0.2)

    with pytest.raises(AssertionError, match="409"):
        send(order, "201")
