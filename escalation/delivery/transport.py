"""One HTTP POST to a machine of somebody else: to a checked address, no redirects, 10 seconds in all."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore2

from escalation.delivery.destinations import addresses_of, check_url

LIMIT_S = 10.0
MOST_READ = 64 * 1024
PART = 4 * 1024


class Unreachable(Exception):
    """No answer; the text says what happened."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said: its status, and its Retry-After header or an empty text."""

    status: int
    retry_after: str


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """POST `body` and return the answer; raises DestinationRefused or Unreachable.

    The environment's proxies are not used, since a proxy would resolve the name again.
    """
    check_url(url)
    deadline = time.monotonic() + LIMIT_S
    backend = _CheckedBackend(deadline)
    with httpcore2.ConnectionPool(network_backend=backend, ssl_context=_trusted()) as pool:
        try:
            with pool.stream("POST", url, headers=list(headers.items()), content=body) as response:
                _read_little(response.iter_stream())
                given = {name.lower(): value for name, value in response.headers}
                return Answer(response.status, given.get(b"retry-after", b"").decode("latin-1"))
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
            raise Unreachable(_words(error)) from error


@cache
def _trusted() -> ssl.SSLContext:
    # Reading the certificates of all authorities takes longer than a message.
    return ssl.create_default_context()


def _read_little(chunks: Iterable[bytes]) -> None:
    """A receiver that has more to say is not listened to."""
    read = 0
    for chunk in chunks:
        read += len(chunk)
        if read >= MOST_READ:
            return


def _words(error: Exception) -> str:
    if isinstance(error, httpcore2.TimeoutException):
        return f"no answer within {LIMIT_S:.0f} s"
    return f"{type(error).__name__}: {error}"[:200]


class _CheckedBackend(httpcore2.NetworkBackend):
    """Connects to the address that was checked: a name cannot lead elsewhere between check and call."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore2.NetworkStream:
        error: Exception = httpcore2.ConnectError("no address")
        addresses = addresses_of(host, port)
        for untried, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            try:
                # One address that says nothing must leave time for the others.
                stream = self._inner.connect_tcp(address, port, timeout=_left(self._deadline) / untried)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                error = failed
            else:
                return _TimedStream(stream, self._deadline)
        raise error


class _TimedStream(httpcore2.NetworkStream):
    """A connection that ends by one deadline: who sends or takes a byte a second does not hold a worker."""

    def __init__(self, inner: httpcore2.NetworkStream, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In parts: of a long buffer, each piece that the receiver takes would have the time limit anew.
        for start in range(0, len(buffer), PART):
            self._inner.write(buffer[start : start + PART], _left(self._deadline))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _TimedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left
