"""A door in front of the real server that can be told to slam: it loses answers, or gives its own."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

# "lost": the server has done it, and its answer never arrives. "unreached": it never heard of it.
# "half": its answer breaks off in the middle.
Slam = Literal["lost", "unreached", "half"]


@dataclass(frozen=True)
class Own:
    """An answer that the server did not give."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Seen:
    """A request as it came in, and when (monotonic seconds)."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Front:
    """`script` says what the next requests meet: None lets one pass, and when it is over, all pass."""

    upstream: str
    port: int = 0
    script: list[Slam | Own | None] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def keys(self) -> list[str | None]:
        return [request.headers.get("idempotency-key") for request in self.seen]


@contextmanager
def standing_before(upstream: str) -> Iterator[Front]:
    """Yield a front that listens until the block ends."""
    front = Front(urlsplit(upstream).netloc)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(front))
    front.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(front: Front) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _meet(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            request = Seen(self.command, self.path, headers, body, time.monotonic())
            front.seen.append(request)
            slam = front.script.pop(0) if front.script else None
            answer = _answered(front.upstream, request) if slam in (None, "lost", "half") else slam
            if isinstance(answer, Own) and slam != "lost":
                self._say(answer, len(answer.body) // 2 if slam == "half" else None)
            self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = _meet

        def _say(self, answer: Own, up_to: int | None) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[:up_to])

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: what came in is in `seen`."""

    return Handler


def _answered(upstream: str, request: Seen) -> Own:
    connection = http.client.HTTPConnection(upstream, timeout=70)
    connection.request(request.method, request.path, request.body or None, request.headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return Own(answer.status, {"Content-Type": answer.headers.get("Content-Type", "")}, body)
