"""Keeps the programs of a stack running: starts them in order, restarts what dies, stops them in reverse."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from escalation.stack.exceptions import StackError
from escalation.stack.processes import Child, Process

SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0
# A program that ran this long had started well: its next end counts as the first.
STEADY_AFTER_S = 30.0
# So many quick ends in a row are a crash loop.
CRASH_LOOP = 4
LOOK_EVERY_S = 0.05


def wait_before_restart(failures: int) -> float:
    """Return how long to wait, in seconds, after `failures` quick ends in a row (1, 2, …)."""
    return min(LONGEST_WAIT_S, SHORTEST_WAIT_S * 2.0 ** (failures - 1))


class StopRequested(Exception):
    """Someone pressed Ctrl-C, or the system asked us to end."""


class Supervisor:
    """The programs of one stack, in stages: a stage starts when all of the stage before it are ready."""

    def __init__(self, stages: Sequence[Sequence[Process]], logs: Path, say: Callable[[str], object]) -> None:
        self.stages = [
            [Child(process, logs / f"{process.name}.log") for process in stage] for stage in stages
        ]
        self.say = say
        self._stop_requests = 0

    @property
    def children(self) -> list[Child]:
        return [child for stage in self.stages for child in stage]

    def run(self, announce: Callable[[], None]) -> None:
        """Start everything, `announce`, keep it running until SIGINT, SIGTERM or SIGHUP, then stop it all."""
        with self._signals():
            try:
                self.start()
                announce()
                while True:
                    self._look()
            except StopRequested:
                self.say("Stopping…")
            finally:
                self.stop()

    def start(self) -> None:
        """Start stage after stage; StackError, with the end of its log, for one that is not ready in time."""
        for stage in self.stages:
            for child in stage:
                child.start()
            for child in stage:
                self._wait_until_ready(child)

    def _wait_until_ready(self, child: Child) -> None:
        deadline = time.monotonic() + child.process.starts_within_s
        while not self._is_ready(child):
            self._look()
            if child.failures >= CRASH_LOOP:
                raise StackError(f"{child.process.name} does not start. Its log ends:\n{child.last_lines()}")
            if time.monotonic() > deadline:
                waited = f"{child.process.starts_within_s:.0f} s"
                raise StackError(f"{child.process.name} is not ready after {waited}:\n{child.last_lines()}")

    def _is_ready(self, child: Child) -> bool:
        if child.process.runs_once:
            return child.has_ended() and self._ended_well(child)
        return not child.has_ended() and child.process.ready()

    def _ended_well(self, child: Child) -> bool:
        if child.bury() != 0:
            raise StackError(f"{child.process.name} failed. Its log ends:\n{child.last_lines()}")
        return True

    def _look(self) -> None:
        """Restart what has died and whose wait is over; then rest for a moment."""
        for child in self.children:
            if child.started_at and not child.process.runs_once and child.has_ended():
                self._mend(child)
        if self._stop_requests:
            raise StopRequested
        time.sleep(LOOK_EVERY_S)

    def _mend(self, child: Child) -> None:
        if child.pid is None:
            if time.monotonic() >= child.start_again_at:
                child.start()
            return
        code = child.bury()
        lived = time.monotonic() - child.started_at
        child.failures = 1 if lived > STEADY_AFTER_S else child.failures + 1
        wait = wait_before_restart(child.failures)
        child.start_again_at = time.monotonic() + wait
        self.say(f"{child.process.name} ended ({_in_words(code)}); starting it again in {wait:.1f} s")
        if child.failures % CRASH_LOOP == 0:
            self.say(f"{child.process.name} keeps ending. {child.log} ends:\n{child.last_lines()}")

    def stop(self) -> None:
        """Stop everything in reverse order, each politely, then for good; a second Ctrl-C at once."""
        for child in reversed(self.children):
            if child.pid is None:
                continue
            child.ask_to_stop()
            deadline = time.monotonic() + child.process.stops_within_s
            while not child.has_ended() and time.monotonic() < deadline and self._stop_requests < 2:
                time.sleep(0.01)
            child.bury()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        heard = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = [signal.signal(number, self._request_stop) for number in heard]
        try:
            yield
        finally:
            for number, handler in zip(heard, before, strict=True):
                signal.signal(number, handler)

    def _request_stop(self, number: int, frame: FrameType | None) -> None:
        # Only noted: raised in the middle of a start, it could lose track of a child.
        self._stop_requests += 1


def _in_words(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
