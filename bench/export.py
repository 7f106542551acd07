"""Labels as one file: rows per second, and what it takes of the server's memory."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import psutil

from bench.cpu import cpu_s
from bench.ground import Ground, Server, Site
from bench.rounds import take_turns
from bench.table import Line, Spread

ROWS_PER_SECOND = 20_000.0
# What one export may add to the memory of the web processes, whatever its length.
MOST_MB = 64.0
FORMATS = ("jsonl", "csv", "label-studio")
PART = 1 << 20


@dataclass(frozen=True)
class Exported:
    """What came: rows, seconds, CPU seconds of the servers, megabytes, and by how many the web door grew."""

    rows: int
    seconds: float
    cpu_s: float
    megabytes: float
    grown_mb: float


def measure(ground: Ground) -> list[Line]:
    """Export all labels in each format, and copy them out of PostgreSQL alone, in turns."""
    site = ground.site(ground.scale.many)
    rows = site.inside.call("seed_labels")
    contenders = {form: partial(_export, ground, site, form, rows) for form in FORMATS}
    copied = {"COPY": partial(_copied, ground, site, rows)}
    # One round after the warming up: each export is a long one.
    done = take_turns(contenders | copied, 1)
    return [line for form in FORMATS for line in _lines(form, rows, done[form], done["COPY"])]


def _lines(form: str, rows: int, done: list[Exported], copied: list[Exported]) -> list[Line]:
    raw, speed = (_spread(each, "rows/s", lambda one: one.rows / one.seconds) for each in (copied, done))
    raw_cpu, cpu = (_spread(each, "µs", lambda one: one.cpu_s / one.rows * 1e6) for each in (copied, done))
    grown = Spread(tuple(each.grown_mb for each in done), "MB")
    work = f"export of {rows:,} labels as {form}"
    return [
        Line(
            work=work,
            yardstick=raw,
            ours=speed,
            promise=f"≥ {ROWS_PER_SECOND:,.0f} rows/s",
            kept=speed.median >= ROWS_PER_SECOND,
        ),
        Line(work=f"{work}, CPU of web and PostgreSQL for one", yardstick=raw_cpu, ours=cpu),
        Line(
            work=f"{work}, {done[0].megabytes:,.0f} MB: memory of web on top",
            ours=grown,
            promise=f"≤ {MOST_MB:.0f} MB",
            kept=max(grown.values) <= MOST_MB,
        ),
    ]


def _spread(done: list[Exported], unit: str, number: Callable[[Exported], float]) -> Spread:
    return Spread(tuple(map(number, done)), unit)


def _export(ground: Ground, site: Site, form: str, rows: int) -> Exported:
    connection = http.client.HTTPConnection("127.0.0.1", site.web.port, timeout=60)
    headers = {"Authorization": f"Bearer {ground.keys['labels']}"}
    before = most = _memory_mb(site.web)
    spent, began, length = _spent_s(ground, site.web), perf_counter(), 0
    connection.request("GET", f"/api/v1/labels/export/?format={form}", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    lines = 0
    while part := answer.read(PART):
        length, lines = length + len(part), lines + part.count(b"\n")
        most = max(most, _memory_mb(site.web))
    seconds = perf_counter() - began
    connection.close()
    assert lines >= rows, f"{lines} lines for {rows} labels"
    cpu = _spent_s(ground, site.web) - spent
    return Exported(rows, seconds, cpu, length / 1e6, most - before)


def _spent_s(ground: Ground, server: Server | None) -> float:
    return cpu_s(ground.postgres_pid) + (cpu_s(server.pid) if server else 0.0)


def _memory_mb(server: Server) -> float:
    root = psutil.Process(server.pid)
    held: int = sum(process.memory_info().rss for process in [root, *root.children(recursive=True)])
    return held / 1e6


COPY = """
    COPY (
        SELECT l.*, d.verdict, d.decided_at, d.output, e.task, e.output, u.username
        FROM tuning_label l JOIN queue_decision d ON d.id = l.decision_id
        JOIN queue_escalation e ON e.id = d.escalation_id JOIN auth_user u ON u.id = d.reviewer_id
    ) TO STDOUT
"""


def _copied(ground: Ground, site: Site, rows: int) -> Exported:
    """PostgreSQL alone: one long statement, which is what the product must not do to its own queue."""
    spent, began, length = _spent_s(ground, None), perf_counter(), 0
    with site.raw.cursor() as cursor, cursor.copy(COPY) as parts:
        for part in parts:
            length += len(part)
    seconds = perf_counter() - began
    return Exported(rows, seconds, _spent_s(ground, None) - spent, length / 1e6, 0.0)
