"""What each operation sends and awaits, step by step, without doing it.

A flow is a generator: it yields a step (a call to send, or a pause) and is given what happened. The two
clients only take the steps, one by blocking and one by awaiting.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

from otherwise_client.answering import answer_as, error_of
from otherwise_client.answers import Escalation, EscalationPage, EscalationRow, Label, LabelPage, Outcome, Run
from otherwise_client.calls import Call, escalation_at, listing, reading, run_at
from otherwise_client.errors import NotAccepted, Refused, StillRunning, StillWaiting, Unavailable
from otherwise_client.retrying import Lost, Patience, Reply, is_worth_another, pause_before

# A minute is the server's limit, and that of many proxies between.
POLL_S = 30
# A server that answers a long poll at once, and with nothing, must not be asked in a tight loop.
SHORTEST_POLL_S = 0.5


class File(Protocol):
    """Takes bytes, as a file opened with "wb" does."""

    def write(self, data: bytes, /) -> object: ...


@dataclass(slots=True)
class Sink:
    """Where an answer goes that is too large to be held, and how many bytes of it are there."""

    file: File
    written: int = 0

    def take(self, part: bytes) -> None:
        self.file.write(part)
        self.written += len(part)


@dataclass(frozen=True, slots=True)
class Send:
    """A call to send now; its answer may be held back for `held_s` seconds.

    With a `sink`, what a successful answer holds goes there as it comes, and its reply has no body.
    """

    call: Call
    held_s: float = 0
    sink: Sink | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for so long."""

    seconds: float


class Settling(Protocol):
    """What is settled sooner or later."""

    @property
    def is_settled(self) -> bool: ...


Step = Send | Pause
T = TypeVar("T")
S = TypeVar("S", bound=Settling)
Flow = Generator[Step, Any, T]  # a Send is followed by a Reply or Lost, a Pause by None


@dataclass(frozen=True, slots=True)
class Flows:
    """The operations, with so much patience each."""

    patience: Patience

    def ask(self, call: Call, shape: type[T]) -> Flow[T]:
        """Send until there is an answer; raises what the server refused, or Unavailable."""
        reply = yield from self._exchange(Send(call), self.patience)
        return answer_as(shape, reply)

    def wait(self, id: int, timeout_s: float | None) -> Flow[Escalation]:
        """Poll until the escalation is settled; raises StillWaiting when `timeout_s` is over."""
        return self._settled(escalation_at(id), Escalation, StillWaiting, timeout_s)

    def wait_for_run(self, id: int, timeout_s: float | None) -> Flow[Run]:
        """Poll until the run is over; raises StillRunning when `timeout_s` is over."""
        return self._settled(run_at(id), Run, StillRunning, timeout_s)

    def settle(self, outcome: Outcome, timeout_s: float | None) -> Flow[Any]:
        """The output that stands: the exit's, or the human's once there is one; raises NotAccepted."""
        if outcome.escalation is None:
            return outcome.output
        escalation = yield from self.wait(outcome.escalation.id, timeout_s)
        if not escalation.was_accepted:
            raise NotAccepted(escalation)
        return escalation.value

    def withdraw(self, id: int) -> Flow[None]:
        """Withdraw; that it is withdrawn already is no error: a first try's answer may have been lost."""
        try:
            yield from self._exchange(Send(Call("DELETE", escalation_at(id))), self.patience)
        except Refused as refused:
            if refused.current is None or refused.current.status != "withdrawn":
                raise

    def stop_run(self, id: int) -> Flow[None]:
        """Stop a run; one that is over stays as it is."""
        yield from self._exchange(Send(Call("DELETE", run_at(id))), self.patience)

    def page(self, query: dict[str, Any]) -> Flow[tuple[list[EscalationRow], dict[str, Any] | None]]:
        """One page of the escalations, and the query for the next."""
        found = yield from self.ask(listing("/escalations/", query), EscalationPage)
        return found.results, _next(query, found.next)

    def label_page(self, query: dict[str, Any]) -> Flow[tuple[list[Label], dict[str, Any] | None]]:
        """One page of the labels, and the query for the next."""
        found = yield from self.ask(listing("/labels/", query), LabelPage)
        return found.results, _next(query, found.next)

    def export(self, file: File, query: dict[str, Any]) -> Flow[int]:
        """Write all labels to `file`; returns how many bytes. Raises Unavailable when they break off."""
        sink = Sink(file)
        call = listing("/labels/export/", query)
        yield from self._exchange(Send(call, sink=sink), self.patience)
        return sink.written

    def _settled(
        self, place: str, shape: type[S], late: Callable[[S], Exception], timeout_s: float | None
    ) -> Flow[S]:
        """Poll until what is there is settled; raises what `late` makes of it when the time is over.

        Once the server was heard, its being away counts as waiting: only the time limit ends it.
        """
        until = math.inf if timeout_s is None else time.monotonic() + timeout_s
        latest = yield from self.ask(reading(place), shape)
        while not latest.is_settled:
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise late(latest)
            try:
                latest = yield from self._poll(place, shape, left_s)
            except Unavailable as away:
                raise late(latest) from away
        return latest

    def _poll(self, place: str, shape: type[S], left_s: float) -> Flow[S]:
        began = time.monotonic()
        held_s = int(min(POLL_S, left_s))
        if not held_s:
            yield Pause(left_s)
        patience = Patience(tries=math.inf, longest_pause_s=left_s)
        send = Send(reading(place, held_s), held_s)
        reply = yield from self._exchange(send, patience, until=began + left_s)
        latest = answer_as(shape, reply)
        early_s = min(SHORTEST_POLL_S, held_s) - (time.monotonic() - began)
        if early_s > 0 and not latest.is_settled:
            yield Pause(early_s)
        return latest

    def _exchange(self, send: Send, patience: Patience, until: float = math.inf) -> Flow[Reply]:
        attempt = 1
        while True:
            happened: Reply | Lost = yield send
            now = datetime.now(UTC)
            if isinstance(happened, Reply) and 200 <= happened.status < 300:
                return happened
            attempt += 1
            pause_s = pause_before(attempt, happened, jitter=random.random(), now=now)
            is_late = time.monotonic() + pause_s > until
            # What is in the file already, another try would write once more.
            is_begun = send.sink is not None and send.sink.written
            if is_late or is_begun or not is_worth_another(send.call, happened, attempt, pause_s, patience):
                raise error_of(send.call, happened, now)
            yield Pause(pause_s)


def _next(query: dict[str, Any], link: str | None) -> dict[str, Any] | None:
    # The link itself is not followed: the token goes nowhere but to the address that it was given for.
    cursor = parse_qs(urlsplit(link or "").query).get("cursor")
    return query | {"cursor": cursor[0]} if cursor else None
