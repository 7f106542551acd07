"""Receivers that keep to no rule: each one takes a single connection on the loopback address."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

# More than the kernel keeps for a connection, many times.
WHOLE = 64 * 1024 * 1024


@dataclass
class Taken:
    """How much of what was sent was read so far."""

    port: int
    bytes: int = 0


def dripping() -> AbstractContextManager[int]:
    """A server that sends a byte of its answer every tenth of a second, for 10 seconds."""

    def drip(connection: socket.socket, stopped: threading.Event) -> None:
        for _ in range(100):
            connection.sendall(b"H")
            if stopped.wait(0.1):
                return

    return _serving(drip)


def saying(first: bytes, again: bytes) -> AbstractContextManager[int]:
    """A server that sends `first`, and then `again` for ever unless that is empty."""

    def say(connection: socket.socket, stopped: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(first)
        while again and not stopped.is_set():
            connection.sendall(again)

    return _serving(say)


@contextmanager
def sipping() -> Iterator[Taken]:
    """A server that reads a part of it every hundredth of a second: all of it takes seconds."""
    taken = Taken(0)

    def sip(connection: socket.socket, stopped: threading.Event) -> None:
        while not stopped.wait(0.01) and (read := connection.recv(256 * 1024)):
            taken.bytes += len(read)

    with _serving(sip) as taken.port:
        yield taken


@contextmanager
def mute(address: str, port: int) -> Iterator[None]:
    """Nobody: an address whose line of connections is full, so that one more gets no answer."""
    with socket.create_server((address, port), backlog=0) as listener:
        callers = [socket.socket() for _ in range(4)]
        for caller in callers:
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        try:
            yield
        finally:
            for caller in callers:
                caller.close()


@contextmanager
def _serving(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """Yield the port of a server that treats its one caller like that."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def run() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                serve(connection, stopped)
            except OSError:
                return  # the caller has heard enough

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stopped.set()
        thread.join()
        listener.close()
