"""Programs beside the test, on its database, its Redis and its Messages API."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from agents.llm.local.server import LocalMessagesAPI

ROOT = Path(__file__).parent.parent.parent
# What the database calls the sessions of these programs, to tell them from the test's own.
PROGRAMS = "programs beside the test"


def environment(api: LocalMessagesAPI, log: Path, **more: str) -> dict[str, str]:
    """What such a program must know to work where the test works."""
    known = {"ANTHROPIC_BASE_URL": api.url, "NIGHT_SHIFT_LOG": str(log), "PGAPPNAME": PROGRAMS}
    return {**on_these_servers(), **known, **more}


def on_these_servers() -> dict[str, str]:
    """The environment of a program on the test's database and Redis."""
    place = connection.settings_dict
    known = {
        "DATABASE_URL": f"postgres://{place['USER']}@/{place['NAME']}?host={place['HOST']}",
        "REDIS_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "escalation.settings",
        "PYTHONPATH": str(ROOT),
    }
    return {**os.environ, **known}


def step_elsewhere(run_id: int, step: int, env: dict[str, str]) -> int:
    """Take one step of a run in another process; returns its exit code."""
    with stepping(run_id, step, env) as process:
        return process.wait(timeout=180)


@contextmanager
def stepping(run_id: int, step: int, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that takes one step of a run, in a process group of its own; killed at the end."""
    command = [sys.executable, "-m", "tests.agents.night_shift", str(run_id), str(step)]
    process = subprocess.Popen(command, env=env, cwd=ROOT, start_new_session=True)
    try:
        yield process
    finally:
        kill(process)


@contextmanager
def worker(env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker with two processes, in a process group of its own; killed at the end."""
    command = [sys.executable, "-m", "celery", "-A", "escalation.celery", "worker", "--queues=runs"]
    quickly = ["--concurrency=2", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    known = ["--include=tests.agents.night_shift", "--loglevel=WARNING"]
    process = subprocess.Popen([*command, *quickly, *known], env=env, cwd=ROOT, start_new_session=True)
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and its children without a farewell."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=60)


def programs_in_the_database() -> int:
    """How many sessions of these programs the database serves: a killed one may have one still."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s",
            [PROGRAMS],
        )
        (count,) = cursor.fetchone()
    return int(count)


def wait_until(holds: Callable[[], object], within_s: float = 180) -> None:
    """Wait until something holds; AssertionError if it never does."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
