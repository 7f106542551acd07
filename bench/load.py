"""A load client that costs little: keep-alive connections in one thread of a process of its own."""

from __future__ import annotations

import json
import re
import selectors
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import count
from statistics import median
from time import perf_counter, time_ns

# In a request, this is replaced by a number that no other request has.
MARK = "0" * 20
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to send, to which port of this machine, by how many clients at once, and for how long."""

    port: int
    request: str
    clients: int
    seconds: float
    # From which number on; else numbers go on from run to run.
    first: int | None = None


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What came back: how long it took, all in seconds, and how often each status; one of the bodies."""

    elapsed_s: float
    latencies_s: list[float]
    statuses: dict[str, int]
    sample: str

    @property
    def number(self) -> int:
        return len(self.latencies_s)

    @property
    def per_second(self) -> float:
        return self.number / self.elapsed_s

    @property
    def p50_ms(self) -> float:
        return median(self.latencies_s) * 1e3

    @property
    def p95_ms(self) -> float:
        return self._at(0.95)

    @property
    def p99_ms(self) -> float:
        return self._at(0.99)

    def _at(self, share: float) -> float:
        return sorted(self.latencies_s)[int(self.number * share)] * 1e3


def request_of(method: str, path: str, headers: Mapping[str, str], body: str = "") -> str:
    """The text of an HTTP/1.1 request to this machine."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    return "\r\n".join([*lines, "", body])


def send(order: Order, expected: str) -> Answers:
    """Carry out an order in another process; raises AssertionError when a status was not the expected one."""
    command = [sys.executable, "-m", "bench.load"]
    text = json.dumps(asdict(order))
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True)
    answers = Answers(**json.loads(done.stdout))
    assert set(answers.statuses) == {expected}, f"{answers.statuses} instead of {expected}: {answers.sample}"
    return answers


def main() -> None:
    """Read an order from stdin, carry it out, and write the answers to stdout."""
    print(json.dumps(asdict(carry_out(Order(**json.load(sys.stdin))))))


def carry_out(order: Order) -> Answers:
    """Let every client send its next request as soon as its last one is answered, until the time is over."""
    numbers = count(time_ns() if order.first is None else order.first)
    latencies, statuses, sample = [], Counter[str](), ""
    with selectors.DefaultSelector() as ready:
        clients = [Client(order) for _ in range(order.clients)]
        began = perf_counter()
        for client in clients:
            ready.register(client.connection, selectors.EVENT_READ, client)
            client.send(next(numbers))
        while ready.get_map():
            for key, _ in ready.select():
                answer = key.data.receive()
                if answer is None:
                    continue
                latencies.append(perf_counter() - key.data.sent_at)
                statuses[answer[0]] += 1
                sample = answer[1]
                if perf_counter() - began < order.seconds:
                    key.data.send(next(numbers))
                else:
                    ready.unregister(key.data.connection)
                    key.data.connection.close()
    return Answers(
        elapsed_s=perf_counter() - began, latencies_s=latencies, statuses=dict(statuses), sample=sample[:2000]
    )


class Client:
    """One connection with at most one request under way."""

    def __init__(self, order: Order) -> None:
        self.connection = socket.create_connection(("127.0.0.1", order.port))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = order.request.encode()
        self.sent_at = 0.0
        self.read = b""

    def send(self, number: int) -> None:
        self.read = b""
        self.sent_at = perf_counter()
        self.connection.sendall(self.request.replace(MARK.encode(), b"%020d" % number))

    def receive(self) -> tuple[str, str] | None:
        """Read on; return the status and the body once they are complete."""
        data = self.connection.recv(1 << 16)
        if not data:
            raise ConnectionError(f"hung up after {self.read[:500]!r}")
        self.read += data
        head, end, body = self.read.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or len(body) < (int(length[1]) if length else 0):
            return None
        return head[9:12].decode(), body.decode(errors="replace")


if __name__ == "__main__":
    main()
