"""Clients that wait for a decision, in a process of their own: each on an escalation of its own."""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from bench.load import Client, Order, request_of


@dataclass(frozen=True, kw_only=True)
class Wait:
    """On which escalations to wait, at which port of this machine, and with whose token."""

    port: int
    token: str
    ids: list[int]


class Waiters:
    """Started as one; `told` ends when each has heard of its decision."""

    def __init__(self, wait: Wait) -> None:
        command = [sys.executable, "-m", "bench.waiters"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(asdict(wait)))
        self.process.stdin.close()
        assert self.process.stdout.readline() == "waiting\n"

    def told(self) -> dict[int, float]:
        """When each escalation's decision arrived, in seconds since 1970."""
        assert self.process.stdout
        arrivals = json.loads(self.process.stdout.read())
        self.process.wait()
        return {int(id_): moment for id_, moment in arrivals.items()}


def main() -> None:
    """Read whom to wait for from stdin, say that all wait, and write when each was told to stdout."""
    wait = Wait(**json.load(sys.stdin))
    arrivals: dict[int, float] = {}
    with selectors.DefaultSelector() as ready:
        for id_ in wait.ids:
            client = _client(wait, id_)
            client.send(0)
            ready.register(client.connection, selectors.EVENT_READ, (id_, client))
        print("waiting", flush=True)
        while ready.get_map():
            for key, _ in ready.select():
                id_, client = key.data
                if (answer := client.receive()) is None:
                    continue
                assert answer[0] == "200", answer
                if json.loads(answer[1])["status"] != "decided":
                    client.send(0)
                    continue
                arrivals[id_] = time.time()
                _hang_up(ready, client.connection)
    print(json.dumps(arrivals))


def _client(wait: Wait, id_: int) -> Client:
    headers = {"Authorization": f"Bearer {wait.token}"}
    request = request_of("GET", f"/api/v1/escalations/{id_}/?wait=60", headers)
    return Client(Order(port=wait.port, request=request, clients=1, seconds=0))


def _hang_up(ready: selectors.BaseSelector, connection: socket.socket) -> None:
    ready.unregister(connection)
    connection.close()


if __name__ == "__main__":
    main()
