"""PostgreSQL alone, by psycopg with prepared statements: the limit of the machine."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from time import perf_counter
from typing import Any

import psycopg

from bench.load import Answers

Act = Callable[[psycopg.Connection], None]

TABLE = """
    CREATE TABLE IF NOT EXISTS bench_row (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, agent text, key text, title text, body jsonb,
        raised_at timestamptz DEFAULT now(), UNIQUE (agent, key)
    )
"""
INSERT = """
    INSERT INTO bench_row (agent, key, title, body) VALUES (%s, gen_random_uuid()::text, %s, %s) RETURNING id
"""
READ = "SELECT * FROM queue_escalation WHERE id = %s"
LIST = "SELECT * FROM queue_escalation WHERE agent = 'support-triage' ORDER BY id DESC LIMIT 50"
MOVE = "UPDATE bench_row SET title = 'decided' WHERE id = %s"
CLAIM = """
    UPDATE queue_escalation SET status = 'claimed', claimed_by_id = %s, version = version + 1,
        claimed_until = now() + interval '1 day'
    WHERE id = (
        SELECT id FROM queue_escalation WHERE queue_id = %s AND status = 'waiting'
        ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING *
"""


def work(kind: str, address: str, given: object, *, clients: int, seconds: float) -> Answers:
    """Do one of WORK from another process, by `clients` threads, as fast as they go."""
    order = json.dumps([kind, address, given, clients, seconds])
    command = [sys.executable, "-m", "bench.raw"]
    done = subprocess.run(command, input=order, stdout=subprocess.PIPE, text=True, check=True)
    return Answers(**json.loads(done.stdout))


def main() -> None:
    """Read an order from stdin, carry it out, and write the answers to stdout."""
    kind, address, given, clients, seconds = json.load(sys.stdin)
    taken: list[float] = []
    act = partial(WORK[kind], given=given, numbers=count(given if isinstance(given, int) else 0))
    threads = [threading.Thread(target=_work, args=(address, act, seconds, taken)) for _ in range(clients)]
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(TABLE)
    began = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = perf_counter() - began
    print(json.dumps({"elapsed_s": elapsed, "latencies_s": taken, "statuses": {}, "sample": ""}))


def _work(address: str, act: Act, seconds: float, taken: list[float]) -> None:
    with psycopg.connect(address, autocommit=True, prepare_threshold=0) as connection:
        until = perf_counter() + seconds
        while (began := perf_counter()) < until:
            act(connection)
            taken.append(perf_counter() - began)


def _insert(connection: psycopg.Connection, given: Any, numbers: Iterator[int]) -> None:
    connection.execute(INSERT, ["support-triage", "Where is my order?", given])


def _read(connection: psycopg.Connection, given: Any, numbers: Iterator[int]) -> None:
    connection.execute(READ, [given]).fetchone()


def _list(connection: psycopg.Connection, given: Any, numbers: Iterator[int]) -> None:
    connection.execute(LIST).fetchall()


def _decide(connection: psycopg.Connection, given: Any, numbers: Iterator[int]) -> None:
    # As much as cannot be left out: the decision, the state, the event.
    with connection.transaction():
        (row,) = connection.execute(INSERT, ["support-triage", "accept", "{}"]).fetchone() or (0,)
        connection.execute(MOVE, [next(numbers)])
        connection.execute(INSERT, ["support-triage", str(row), "{}"])


WORK = {"insert": _insert, "read": _read, "list": _list, "decide": _decide}


def claims(connection: psycopg.Connection, reviewer: int, queue: int, number: int) -> list[float]:
    """Claim the first row in line `number` times; returns how long each took, in seconds."""
    taken = []
    for _ in range(number):
        began = perf_counter()
        row = connection.execute(CLAIM, [reviewer, queue]).fetchone()
        taken.append(perf_counter() - began)
        assert row
    return taken


if __name__ == "__main__":
    main()
