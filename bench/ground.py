"""Where measurements take place: throw-away servers, a database of each size, the product on them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import psycopg
from psycopg import sql

from bench.inside import Inside
from escalation.stack.data_folder import DataFolder
from escalation.stack.plan import Options, doors, stand_ins
from escalation.stack.postgres import EmbeddedPostgres
from escalation.stack.processes import Process
from escalation.stack.readiness import free_port
from escalation.stack.supervisor import Supervisor
from escalation.stack.throwaway import throwaway_servers

TEMPLATE = "otherwise"
SERVED_AS = "escalation.stack.gunicorn_settings"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much is measured: rounds, seconds of each, waiting rows at two sizes, how often in one round."""

    rounds: int
    seconds: float
    few: int
    many: int
    claims: int
    runs: int
    no_ops: int


FULL = Scale(rounds=5, seconds=3, few=10_000, many=1_000_000, claims=100, runs=40, no_ops=1000)
QUICK = Scale(rounds=3, seconds=1, few=10_000, many=100_000, claims=50, runs=15, no_ops=300)


@contextmanager
def ground(scale: Scale) -> Iterator[Ground]:
    """Yield servers that forget: the disk's time, the same for all, would only flatter the ratios."""
    with throwaway_servers() as folder, ExitStack() as started:
        yield Ground(folder, scale, started)


@dataclass(frozen=True)
class Server:
    """A program that answers on a port of this machine."""

    pid: int
    port: int


class Ground:
    """The servers of one run of the bench, and what was started on them so far."""

    def __init__(self, folder: DataFolder, scale: Scale, started: ExitStack) -> None:
        self.folder = folder
        self.scale = scale
        self.started = started
        self._sites: dict[int, Site] = {}

    @cached_property
    def keys(self) -> dict[str, Any]:
        """Make the first database, which all others are copies of; return the tokens and ids of its cast."""
        inside = Inside(self.environment(TEMPLATE))
        try:
            keys: dict[str, Any] = inside.call("prepare")
        finally:
            inside.close()
        return keys

    @property
    def postgres_pid(self) -> int:
        pid = EmbeddedPostgres(self.folder).recorded_pid()
        assert pid
        return pid

    def site(self, rows: int) -> Site:
        """The database in which `rows` escalations wait, made when it is first asked for."""
        assert self.keys
        if rows not in self._sites:
            site = Site(self, f"waiting_{rows}")
            with self.connect(TEMPLATE) as connection:
                name, template = sql.Identifier(site.database), sql.Identifier(TEMPLATE)
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, template))
            if rows:
                print(f"putting {rows} escalations in line…", file=sys.stderr)
                site.inside.call("seed", rows=rows)
            self._sites[rows] = site
        return self._sites[rows]

    def connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.folder.sockets),
            dbname=database,
            user=TEMPLATE,
            autocommit=True,
            prepare_threshold=0,
        )

    def start(self, process: Process) -> int:
        """Start a program, wait until it is ready, and return its process id; it is stopped at the end."""
        supervisor = Supervisor([[process]], self.folder.logs, sys.stderr.write)
        self.started.callback(supervisor.stop)
        supervisor.start()
        pid = supervisor.children[0].pid
        assert pid
        return pid

    def environment(self, database: str, **more: str) -> dict[str, str]:
        """What a program must be told to work on `database`, whatever a developer's own .env says."""
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "OTHERWISE_DATA_DIR": str(self.folder.path),
            "DATABASE_URL": f"postgres://{TEMPLATE}@/{database}?host={self.folder.sockets}",
            "REDIS_URL": f"unix://{self.folder.redis_socket}",
            "CELERY_BROKER_URL": f"redis+socket://{self.folder.redis_socket}",
            "ANTHROPIC_API_KEY": "",
            "ANTHROPIC_BASE_URL": "",
            "OTHERWISE_DEMO": "",
            # Nothing lapses and no purse is empty while we measure.
            "CLAIM_LEASE_S": "86400",
            "DAILY_BUDGET_USD": "1000000",
            # The receivers of webhooks are on this machine.
            "WEBHOOKS_ALLOW_PRIVATE": "true",
            # Far beyond what comes, so that counting costs what it costs and refuses nothing.
            "API_RATE_PER_MINUTE": "1000000",
            **more,
        }


class Site:
    """One database, and the programs that work on it."""

    def __init__(self, ground: Ground, database: str) -> None:
        self.ground = ground
        self.database = database

    @cached_property
    def inside(self) -> Inside:
        """The product's code in a process of its own."""
        inside = Inside(self.ground.environment(self.database))
        self.ground.started.callback(inside.close)
        return inside

    @cached_property
    def raw(self) -> psycopg.Connection:
        """PostgreSQL itself, with every statement prepared."""
        return self.ground.started.enter_context(self.ground.connect(self.database))

    @cached_property
    def web(self) -> Server:
        """The product's web door."""
        return self._served("web", "escalation")

    @cached_property
    def stock(self) -> Server:
        """The stock view, behind the same server as it comes, with as many processes and threads."""
        return self._served("stock", "bench.stock")

    def _served(self, name: str, package: str) -> Server:
        port = free_port()
        environment = self.ground.environment(self.database, DJANGO_SETTINGS_MODULE=f"{package}.settings")
        process = self._door("web", f"{name}-{self.database}", port, environment)
        command = tuple(part.replace(SERVED_AS, f"{package}.gunicorn_settings") for part in process.command)
        process = replace(process, command=command if name == "stock" else process.command)
        return Server(self.ground.start(process), port)

    def _door(self, kind: str, name: str, port: int, environment: Mapping[str, str]) -> Process:
        options = Options(folder=self.ground.folder, port=port, workers=2)
        door = next(process for process in doors(options, environment) if process.name == kind)
        return replace(door, name=name)

    @cached_property
    def deliverer(self) -> int:
        """The process id of the Celery worker that sends webhooks."""
        environment = self.ground.environment(self.database)
        return self.ground.start(self._door("deliverer", f"deliverer-{self.database}", 0, environment))

    @cached_property
    def worker(self) -> int:
        """The process id of a Celery worker of two processes, with a model and a back office beside it."""
        beside = ("ANTHROPIC_BASE_URL", "BACK_OFFICE_URL")
        known = {name: f"http://127.0.0.1:{free_port()}" for name in beside}
        environment = self.ground.environment(self.database, ANTHROPIC_API_KEY="local", **known)
        for process in stand_ins(known, environment):
            self.ground.start(process)
        return self.ground.start(self._door("worker", f"worker-{self.database}", 0, environment))
