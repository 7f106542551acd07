"""gunicorn's worker of threads, in which a request that waits for a human holds none of them."""

from __future__ import annotations

import select
import socket
import threading
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from escalation.parking import KEY, Bell, Parking

# How long a thread waits for the next request of the client it just answered.
AGAIN_MS = 1


class Held(BaseException):
    """The answer is not to be sent now. No Exception: gunicorn would answer 500 to one."""


class Parked(BaseException):
    """A request that waits for `bell`."""

    def __init__(self, request: Any, bell: Bell) -> None:
        super().__init__()
        self.request = request
        self.bell = bell


class ParkingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Parks connections whose request hung a bell up, and handles the request again when it rings.

    The methods with gunicorn's names extend its own; those that say so run in its main thread.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parked: dict[TConn, Parked] = {}
        self._here = threading.local()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        application: Any = self.wsgi  # type: ignore[has-type]

        def parkable(environ: dict[str, Any], start_response: Any) -> Any:
            parking: Parking | None = self._here.__dict__.pop("parking", None)
            if parking is None:
                return application(environ, start_response)
            environ[KEY] = parking
            answer = application(environ, start_response)
            if parking.bell is None:
                return answer
            answer.close()
            raise Held

        self.wsgi = parkable

    def handle(self, conn: TConn) -> Any:
        """Handle a request, and those that the client sends at once after its answer."""
        try:
            goes_on = super().handle(conn)
            # To hand a connection to the main thread and to get it back costs as much as to read a request.
            while goes_on is True and self._has_room() and _asks_again(conn):
                goes_on = super().handle(conn)
            return goes_on
        except Parked as parked:
            return parked

    def _has_room(self) -> bool:
        """Whether there is a thread for everyone who asks now, so that to wait a moment holds up nobody."""
        idle = len(self.keepalived_conns) + len(self.parked) + len(self.pending_conns)
        return bool(self.alive and self.nr_conns - idle <= self.cfg.threads)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        parking = self._here.parking = Parking(has_waited=getattr(req, "has_waited", False))
        try:
            return super().handle_request(req, conn)
        except Held:
            assert parking.bell
            raise Parked(req, parking.bell) from None

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        ended_well = not fs.cancelled() and fs.exception() is None
        if ended_well and isinstance(fs.result(), Parked):
            self.park(conn, fs.result())
        else:
            super().finish_request(conn, fs)

    def handle_exit(self, sig: Any, frame: Any) -> None:
        super().handle_exit(sig, frame)
        # Whoever waits is told how things are, and asks another process next.
        self.method_queue.defer(self.unpark_all)

    def park(self, conn: TConn, parked: Parked) -> None:
        """Let a connection wait, with an eye on whether its client is still there. Main thread."""
        conn.sock.setblocking(False)
        self.parked[conn] = parked
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_parked_socket_readable, conn))
        parked.bell.listen(partial(self.method_queue.defer, self.unpark, conn))
        if not self.alive:
            self.unpark(conn)

    def unpark(self, conn: TConn) -> None:
        """Handle the request again, if its client is still there. Main thread."""
        parked = self.parked.pop(conn, None)
        if parked is None:
            return
        if conn.sock in self.poller.get_map():
            self.poller.unregister(conn.sock)
        parked.request.has_waited = True
        conn.parser = _Again(conn, parked.request)
        self.enqueue_req(conn)

    def unpark_all(self) -> None:
        """Main thread."""
        for conn in list(self.parked):
            self.unpark(conn)

    def on_parked_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """The client hung up, or sent more than it should have yet. Main thread."""
        self.poller.unregister(client)
        try:
            has_hung_up = not client.recv(1, socket.MSG_PEEK)
        except OSError:
            has_hung_up = True
        if has_hung_up:
            del self.parked[conn]
            self.nr_conns -= 1
            conn.close()


def _asks_again(conn: TConn) -> bool:
    """Whether something comes on a connection within a moment: a request, or its end."""
    waiting = select.poll()
    waiting.register(conn.sock, select.POLLIN)
    return bool(waiting.poll(AGAIN_MS))


class _Again:
    """In the place of a connection's parser: gives one request once more, and the place back."""

    def __init__(self, conn: TConn, request: Any) -> None:
        self.conn, self.parser, self.request = conn, conn.parser, request

    def __next__(self) -> Any:
        self.conn.parser = self.parser
        return self.request
