"""A real SMTP server on the loopback address that keeps what it is given."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage


@contextmanager
def mailbox() -> Iterator[tuple[int, list[EmailMessage]]]:
    """Yield its port and what came in."""
    messages: list[EmailMessage] = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(messages)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1], messages
        finally:
            server.shutdown()
            thread.join()


def _handler(messages: list[EmailMessage]) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 ready")
            while line := self.rfile.readline().decode().strip():
                command = line.upper()
                if command == "DATA":
                    self._say("354 go on")
                    self._keep()
                self._say("221 bye" if command == "QUIT" else "250 ok")
                if command == "QUIT":
                    return

        def _keep(self) -> None:
            lines = list(iter(self.rfile.readline, b".\r\n"))
            parsed = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            assert isinstance(parsed, EmailMessage)
            messages.append(parsed)

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    return Handler
