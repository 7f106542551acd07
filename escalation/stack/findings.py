"""What is wrong with this installation, and how to mend it: each question gives one finding."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
from django.conf import settings
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from escalation.stack.account import servers_account
from escalation.stack.binaries import postgres_programs, redis_program
from escalation.stack.data_folder import DataFolder
from escalation.stack.exceptions import StackError
from escalation.stack.postgres import EmbeddedPostgres

# Room for a day of work, and for a recovery.
LEAST_FREE_BYTES = 1_000_000_000
# The first Redis without a way to break out of its scripts (CVE-2025-49844), by release line.
SAFE_REDIS = {6: (6, 2, 20), 7: (7, 2, 11), 8: (8, 0, 4)}


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `remedy` is empty when all is well."""

    subject: str
    state: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Look at the installation, one thing after the other; changes nothing."""
    folder = DataFolder(settings.DATA_DIR, servers_account())
    embedded = [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]
    questions: list[Callable[[], Finding]] = [lambda: _folder(folder), lambda: _room(folder.path)]
    if "DATABASE_URL" in embedded:
        questions += [
            lambda: _program("PostgreSQL", lambda: postgres_programs(folder)),
            lambda: _stale_pid(folder),
        ]
    if "REDIS_URL" in embedded:
        questions.append(lambda: _program("Redis", lambda: redis_program(folder)))
    questions += [lambda: _stack(folder), _static_files, _chromium]
    if folder.holder() or not embedded:
        questions += [_database, _migrations, _redis]
    for ask in questions:
        yield ask()


def _folder(folder: DataFolder) -> Finding:
    subject = f"data folder {folder.path}"
    try:
        folder.refuse_long_path()
    except StackError as error:
        return Finding(subject, "has a path that is too long", str(error))
    if not folder.path.exists():
        return Finding(subject, "will be made at the first start")
    if not os.access(folder.path, os.W_OK):
        return Finding(
            subject, "is not writable", "Choose another with OTHERWISE_DATA_DIR, or `chown` this one."
        )
    if folder.path.stat().st_mode & 0o027:
        return Finding(subject, "is open to others", f"chmod 0710 {folder.path}")
    return Finding(subject, "is writable, and closed to others")


def _room(path: Path) -> Finding:
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free
    remedy = (
        "" if free >= LEAST_FREE_BYTES else "Make room: PostgreSQL refuses to write when the disk is full."
    )
    return Finding("disk", f"has {free / 1e9:.1f} GB free", remedy)


def _program(name: str, find: Callable[[], Path]) -> Finding:
    try:
        return Finding(f"embedded {name}", f"is at {find()}")
    except StackError as error:
        return Finding(f"embedded {name}", "is missing", str(error))


def _stale_pid(folder: DataFolder) -> Finding:
    pid = EmbeddedPostgres(folder).recorded_pid()
    if pid is None:
        return Finding("postmaster.pid", "is absent: PostgreSQL is down")
    if EmbeddedPostgres(folder).runs(pid):
        return Finding("postmaster.pid", f"names the running PostgreSQL, process {pid}")
    return Finding("postmaster.pid", f"is left over from a crash (process {pid}); the next start clears it")


def _stack(folder: DataFolder) -> Finding:
    holder = folder.holder()
    if holder is None:
        return Finding("stack", "is down; `make run` or `manage.py up` starts it")
    return Finding("stack", f"is up: {holder}")


def _database() -> Finding:
    try:
        connection.ensure_connection()
    except OperationalError as error:
        return Finding("PostgreSQL", "does not answer", str(error).strip().splitlines()[0])
    version = connection.connection.info.server_version
    remedy = "" if version >= 150_000 else "Use PostgreSQL 15 or newer."
    return Finding("PostgreSQL", f"{version // 10_000}.{version % 10_000} answers", remedy)


def _migrations() -> Finding:
    try:
        executor = MigrationExecutor(connection)
    except OperationalError:
        return Finding("migrations", "cannot be read", "Start PostgreSQL first.")
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    remedy = "Run `manage.py prepare`." if missing else ""
    return Finding("migrations", f"{missing} to apply" if missing else "are all applied", remedy)


def _redis() -> Finding:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5) as client:
            information = client.info()
    except redis.RedisError as error:
        return Finding("Redis", "does not answer", str(error))
    version = tuple(int(part) for part in str(information["redis_version"]).split("."))
    state = f"{information['redis_version']} answers, maxmemory-policy {information['maxmemory_policy']}"
    if information["maxmemory_policy"] != "noeviction":
        return Finding(
            "Redis", state, "Set maxmemory-policy to noeviction: it must refuse rather than forget."
        )
    if not settings.REDIS_URL.startswith("unix:") and version < SAFE_REDIS.get(version[0], version):
        return Finding(
            "Redis", state, "This version has a hole (CVE-2025-49844) and listens on TCP: use a newer one."
        )
    return Finding("Redis", state)


def _static_files() -> Finding:
    if (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        return Finding("static files", f"are in {settings.STATIC_ROOT}")
    return Finding("static files", "are not collected", "Run `manage.py prepare`, or start the stack.")


def _chromium() -> Finding:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return Finding("Chromium", f"is at {found} (for the tests)")
    return Finding("Chromium", "is absent; only the browser tests need it (`make test` installs it)")
