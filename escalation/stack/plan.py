"""The programs that make up the product, as plain data: to add one, add it to its stage."""

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from escalation.stack import readiness
from escalation.stack.data_folder import DataFolder
from escalation.stack.postgres import EmbeddedPostgres
from escalation.stack.processes import Process
from escalation.stack.redis import EmbeddedRedis

PROJECT = Path(__file__).resolve().parent.parent.parent
# Who waits for a slow receiver waits in a thread that costs little; a delivery has ten seconds in all.
DELIVERIES_AT_ONCE = 16
CELERY = (sys.executable, "-m", "celery", "-A", "escalation.celery")
UNSOCIABLE = ("--without-gossip", "--without-mingle")
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `manage.py up` was asked for."""

    folder: DataFolder
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 4
    demo: bool = True
    ephemeral: bool = False

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the web door."""
        return f"http://{_bracketed(EVERYWHERE.get(self.host, self.host))}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches the web door."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def addresses(options: Options, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the programs of the stack, and other commands beside them, must know of it."""
    known = {
        "PUBLIC_URL": environment.get("PUBLIC_URL") or options.address,
        "OTHERWISE_DEMO": str(options.demo),
    }
    if not environment.get("ANTHROPIC_API_KEY"):
        known |= {
            "ANTHROPIC_API_KEY": "local",
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{readiness.free_port()}",
        }
    if options.demo:
        known["BACK_OFFICE_URL"] = f"http://127.0.0.1:{readiness.free_port()}"
    return known


def stages(options: Options, known: Mapping[str, str], environment: Mapping[str, str]) -> list[list[Process]]:
    """Return the programs in stages: each starts when the one before it is ready; they stop in reverse."""
    own = {"OTHERWISE_DATA_DIR": str(options.folder.path), "PYTHONUNBUFFERED": "1"}
    everything = {**environment, **known, **own}
    return [
        servers(options.folder, everything, careless=options.ephemeral),
        [prepare(everything), *stand_ins(known, everything)],
        doors(options, everything),
    ]


def servers(folder: DataFolder, environment: Mapping[str, str], *, careless: bool) -> list[Process]:
    """Return the embedded servers, except where the environment names a server to use instead."""
    embedded = []
    if not environment.get("DATABASE_URL"):
        embedded.append(EmbeddedPostgres(folder, careless).process())
    if not environment.get("REDIS_URL"):
        embedded.append(EmbeddedRedis(folder, careless).process())
    return embedded


def prepare(environment: Mapping[str, str]) -> Process:
    """Return the program that brings database and static files to this version's state."""
    return _manage("prepare", "prepare", environment=environment, runs_once=True, starts_within_s=600)


def stand_ins(known: Mapping[str, str], environment: Mapping[str, str]) -> list[Process]:
    """Return the services on this machine that take the place of services elsewhere."""
    commands = {"ANTHROPIC_BASE_URL": "messages_api", "BACK_OFFICE_URL": "back_office"}
    return [
        _manage(command, command, "--port", known[name].rpartition(":")[2], environment=environment,
                ready=partial(readiness.answers, known[name]))
        for name, command in commands.items()
        if name in known
    ]  # fmt: skip


def doors(options: Options, environment: Mapping[str, str]) -> list[Process]:
    """Return what people and agents meet, and what works behind it."""
    python = partial(Process, environment=environment, folder=PROJECT)
    gunicorn = (sys.executable, "-m", "gunicorn", "-c", "python:escalation.stack.gunicorn_settings")
    beat = ("beat", f"--schedule={options.folder.path / 'beat-schedule'}", "--loglevel=INFO")
    return [
        # What must be done on time waits neither for runs nor for receivers: whoever is free does it.
        worker(options, environment, "worker", "runs,maintenance", "prefork", options.workers),
        worker(options, environment, "deliverer", "delivery,maintenance", "threads", DELIVERIES_AT_ONCE),
        python(name="beat", command=(*CELERY, *beat)),
        python(
            name="web",
            command=(*gunicorn, f"--bind={_bracketed(options.host)}:{options.port}"),
            ready=partial(readiness.answers, options.address),
        ),
    ]


def worker(
    options: Options, environment: Mapping[str, str], name: str, queues: str, pool: str, at_once: int
) -> Process:
    """Return a Celery worker that takes what lies in `queues`."""
    broker = environment.get("CELERY_BROKER_URL") or environment.get("REDIS_URL")
    work = ("worker", f"--hostname={name}@%h", f"--queues={queues}", f"--pool={pool}")
    return Process(
        name=name,
        # Neighbours' news is of no use to us, and waiting for it costs a second.
        command=(*CELERY, *work, f"--concurrency={at_once}", "--loglevel=INFO", *UNSOCIABLE),
        environment=environment,
        folder=PROJECT,
        ready=partial(
            readiness.worker_answers, broker or f"redis+socket://{options.folder.redis_socket}", name
        ),
        # Lets tasks end for CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT, then hands them back.
        stop_signal=signal.SIGQUIT,
        stops_within_s=30,
    )


def _manage(name: str, *arguments: str, environment: Mapping[str, str], **options: Any) -> Process:
    command = (sys.executable, str(PROJECT / "manage.py"), *arguments)
    return Process(name=name, command=command, environment=environment, folder=PROJECT, **options)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
