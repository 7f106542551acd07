"""Programs of the stack: what they are (plain data), and one of them running."""

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from escalation.stack.account import Account
from escalation.stack.parentage import die_with_parent

# A log longer than this is set aside when its program starts.
LOG_BYTES = 10_000_000


def _nothing() -> None: ...


def _yes() -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Process:
    """One program of the stack: how it starts, when it is ready, how it ends."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path("/")
    account: Account | None = None
    # Runs before each start.
    before: Callable[[], None] = _nothing
    # Asked again and again after a start, until it says yes.
    ready: Callable[[], bool] = _yes
    # Ready when it has ended well; started once.
    runs_once: bool = False
    stop_signal: int = signal.SIGTERM
    stops_within_s: float = 10
    starts_within_s: float = 180
    # What the kernel sends when the supervisor is gone.
    death_signal: int = signal.SIGKILL


class Child:
    """A running `Process`: leader of its own process group, dead when we are."""

    def __init__(self, process: Process, log: Path) -> None:
        self.process = process
        self.log = log
        self.failures = 0
        self.started_at = 0.0
        self.start_again_at = 0.0
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._popen.pid if self._popen else None

    def start(self) -> None:
        """Start the program. Call from the main thread: a child's life is tied to the thread that made it."""
        process, us = self.process, os.getpid()
        process.before()
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.rename(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            self._popen = subprocess.Popen(
                process.command,
                cwd=process.folder,
                env=process.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Out of reach of the terminal's Ctrl-C, which is for the supervisor to hear.
                process_group=0,
                preexec_fn=lambda: die_with_parent(us, process.death_signal),
                **(process.account.popen_arguments if process.account else {}),
            )
        self.started_at = time.monotonic()

    def has_ended(self) -> bool:
        """Whether the program has ended. It stays a zombie until `bury`, so that its pid stays its own."""
        if self._popen is None:
            return True
        return os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None

    def ask_to_stop(self) -> None:
        """Send the program its stop signal."""
        if self._popen:
            os.kill(self._popen.pid, self.process.stop_signal)

    def bury(self) -> int:
        """End the program and all that is left of its process group at once; return its exit code."""
        assert self._popen
        # While the leader is a zombie, nobody else can have its number: this never hits a stranger.
        os.killpg(self._popen.pid, signal.SIGKILL)
        code = self._popen.wait()
        self._popen = None
        return code

    def last_lines(self, count: int = 20) -> str:
        """Return the end of the program's log, indented."""
        with self.log.open(errors="replace") as file:
            return "".join(f"    {line.rstrip()}\n" for line in deque(file, maxlen=count))
