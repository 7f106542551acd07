"""The embedded PostgreSQL: a Unix socket in a closed folder, no TCP, checksums, one locale everywhere."""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from escalation.stack.binaries import postgres_programs
from escalation.stack.data_folder import DataFolder
from escalation.stack.exceptions import StackError
from escalation.stack.processes import Process

NAME = "otherwise"  # of the role and of its database
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}
INITDB = (
    "--username=postgres",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    # Nobody but us gets into the sockets' folder, and there is no other way in.
    "--auth-local=trust",
    "--auth-host=reject",
    "--no-instructions",
)
# PostgreSQL gives its backends 5 s to obey an immediate shutdown.
LAST_BREATH_S = 8.0
# For data that is thrown away: a power cut may destroy it.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class EmbeddedPostgres:
    """PostgreSQL 18 from a wheel, with its data in `folder`."""

    folder: DataFolder
    careless: bool = False

    @property
    def data(self) -> Path:
        return self.folder.path / "postgres"

    def process(self) -> Process:
        """Return the server as a program of a stack; makes its data first if there is none."""
        programs = postgres_programs(self.folder)
        if not self.data.exists():
            self._initialise(programs / "initdb")
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder.sockets),
            "unix_socket_permissions": "0700",
            "log_line_prefix": "%m [%p] ",
        } | (CARELESS if self.careless else {})
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Process(
            name="postgres",
            command=(str(programs / "postgres"), "-D", str(self.data), *options),
            environment=ENVIRONMENT,
            account=self.folder.account,
            before=self.clear_stale_pid,
            ready=self.is_ready,
            stop_signal=signal.SIGINT,  # "fast": ends the sessions, saves, goes
            stops_within_s=30,
            starts_within_s=120,  # recovery after a crash
            # "Immediate": takes its backends along within 5 s; recovery follows at the next start.
            death_signal=signal.SIGQUIT,
        )

    def _initialise(self, initdb: Path) -> None:
        partial = self.folder.path / "postgres.partial"
        shutil.rmtree(partial, ignore_errors=True)
        self.folder.own(partial.name)
        account = self.folder.account
        command = [str(initdb), "-D", str(partial), *INITDB, *(["--no-sync"] if self.careless else [])]
        done = subprocess.run(
            command, cwd="/", env=ENVIRONMENT, capture_output=True, text=True,
            **(account.popen_arguments if account else {}),
        )  # fmt: skip
        if done.returncode:
            raise StackError(f"PostgreSQL could not make its data in {partial}:\n{done.stderr}")
        # An interrupted initdb leaves only the partial folder, which the next start makes anew.
        partial.rename(self.data)

    def is_ready(self) -> bool:
        """Whether the server answers a query; makes our role and database when they are missing."""
        try:
            with psycopg.connect(
                host=str(self.folder.sockets), user="postgres", autocommit=True
            ) as connection:
                self._create_role_and_database(connection)
        except psycopg.OperationalError:
            return False
        return True

    def _create_role_and_database(self, connection: psycopg.Connection) -> None:
        name = sql.Identifier(NAME)
        if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [NAME]).rowcount:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(name))
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [NAME]).rowcount:
            connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(name))

    def clear_stale_pid(self) -> None:
        """Make way for a start after a crash; never touches a process.

        PostgreSQL does this alone, except when the number in postmaster.pid now belongs to a stranger.
        """
        pid = self.recorded_pid()
        if pid is None:
            # Absent, or cut short by a full disk: then it says nothing, and PostgreSQL would refuse it.
            self._pid_file.unlink(missing_ok=True)
            return
        if not self._gone_soon(pid):
            raise StackError(
                f"A PostgreSQL (process {pid}) that this supervisor did not start still uses {self.data}."
                f" Stop it with `kill -INT {pid}`."
            )
        # PostgreSQL takes the pid of its own parent for a stale one. The rest of the file stays: it names the
        # shared memory by which PostgreSQL sees whether a backend of the dead server is still alive.
        rest = self._pid_file.read_text().partition("\n")[2]
        self._pid_file.write_text(f"{os.getpid()}\n{rest}")
        for leftover in self.folder.sockets.glob(".s.PGSQL.*"):
            leftover.unlink()

    @property
    def _pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def recorded_pid(self) -> int | None:
        """Return the process that says it is the server on our data; None when none does."""
        try:
            return int(self._pid_file.read_text().partition("\n")[0])
        except (FileNotFoundError, ValueError):
            return None

    def _gone_soon(self, pid: int) -> bool:
        # The server of a supervisor that was killed a moment ago is on its way out.
        deadline = time.monotonic() + LAST_BREATH_S
        while alive := self.runs(pid):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return not alive

    def runs(self, pid: int) -> bool:
        """Whether `pid` is a living PostgreSQL on our data (a postmaster's working directory is its data)."""
        try:
            process = psutil.Process(pid)
            return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == self.data.resolve()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False
