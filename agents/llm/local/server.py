"""The Messages API as a server in threads of this process, on a loopback address."""

import logging
import socket
import sys
import threading
from collections import deque
from collections.abc import Iterable
from http.server import ThreadingHTTPServer
from typing import Any, Self

from agents.llm.local.caching import PromptCache
from agents.llm.local.faults import Entry, Faults
from agents.llm.local.handler import Handler

logger = logging.getLogger(__name__)
REMEMBERED_REQUESTS = 100


class LocalMessagesAPI(ThreadingHTTPServer):
    """A Messages API. Use it in a `with` block, or call `serve_forever` and, from another thread, `stop`."""

    daemon_threads = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, *, fault_rate: float = 0.0, seed: int | None = None
    ) -> None:
        self.faults = Faults(fault_rate, seed)
        self.cache = PromptCache()
        self.stopping = threading.Event()
        self.requests: deque[dict[str, Any]] = deque(maxlen=REMEMBERED_REQUESTS)
        self._open: set[socket.socket] = set()
        self._to_reset: set[socket.socket] = set()
        super().__init__((host, port), Handler)

    @property
    def url(self) -> str:
        """The address to give as `ANTHROPIC_BASE_URL`."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def script(self, user_id: str, entries: Iterable[Entry]) -> None:
        """Say what the next requests of a run are answered with; None is the model's own answer."""
        self.faults.script(user_id, entries)

    def stop(self) -> None:
        """Stop listening, hang up on whoever is connected, and wait for the threads to end."""
        self.stopping.set()
        self.shutdown()
        for connection in list(self._open):
            _hang_up(connection)
        self.server_close()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="messages-api")
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()
        self._thread.join()

    def reset(self, connection: socket.socket) -> None:
        """Have this connection end in a reset instead of a farewell."""
        self._to_reset.add(connection)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and remember it."""
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """End a connection, and forget it."""
        self._open.discard(request)
        if request in self._to_reset:
            self._to_reset.discard(request)
            # A linger time of zero makes the close a reset.
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note what went wrong in a connection; clients that leave early are no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            logger.exception("request failed")


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        logger.debug("connection was already gone")
