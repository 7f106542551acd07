"""A real HTTP receiver of webhooks on the loopback address, which answers as it is told."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook


@dataclass
class Message:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes
    content: dict[str, object] | None = None  # what was verified as it came, if the receiver knew the secret

    def verified_with(self, secret: str) -> dict[str, object]:
        """The content; raises WebhookVerificationError when the signature is not of `secret`."""
        content: dict[str, object] = Webhook(secret).verify(self.body, self.headers)
        return content


@dataclass
class Receiver:
    """What came in, and what goes out: a status, headers, a body, and how slowly."""

    port: int = 0
    messages: list[Message] = field(default_factory=list)
    secret: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    endless: bool = False
    silent_s: float = 0.0
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def take(self, message: Message) -> None:
        """Keep it; where the secret is known, verified as it came: later its signature is too old."""
        if self.secret:
            message.content = message.verified_with(self.secret)
        self.messages.append(message)


@contextmanager
def listening(receiver: Receiver | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Yield a receiver that listens until the block ends; one that was down comes back at its port."""
    receiver = receiver or Receiver()
    receiver.stopped.clear()
    server = ThreadingHTTPServer(("127.0.0.1", receiver.port), _handler(receiver))
    receiver.port = server.server_address[1]
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.take(Message({k.lower(): v for k, v in self.headers.items()}, body))
            receiver.stopped.wait(receiver.silent_s)
            try:
                self._answer()
            except OSError:
                return  # the sender has heard enough

        def _answer(self) -> None:
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            if not receiver.endless:
                self.send_header("Content-Length", str(len(receiver.body)))
            self.end_headers()
            self.wfile.write(receiver.body)
            while receiver.endless and not receiver.stopped.is_set():
                self.wfile.write(b"x" * 4096)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: what came in is in `messages`."""

    return Handler
