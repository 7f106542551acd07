"""The client that awaits: the twin of client.py, with the same words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, Literal, ParamSpec, Self, TypeVar, Unpack, cast, overload

import httpx2

from otherwise_client.address import Address
from otherwise_client.answers import Escalation, EscalationRow, Label, Outcome, Receipt, Run
from otherwise_client.calls import creating, escalation_at, reading, receipt_for, run_at
from otherwise_client.fields import (
    EscalationFields,
    EscalationFilter,
    ExportFormat,
    LabelFilter,
    OutcomeFields,
    Reason,
    RunFields,
)
from otherwise_client.flows import File, Flow, Flows, Pause, Send
from otherwise_client.gating import Returned, TaskOf, passing, passing_returned, task_of
from otherwise_client.retrying import Lost, Patience, Reply

T = TypeVar("T")
P = ParamSpec("P")


class AsyncOtherwise:
    """A server of Otherwise, as one agent, for asyncio.

    `base_url` and `token` default to OTHERWISE_URL and OTHERWISE_TOKEN. `timeout_s` is for one try, `tries`
    for one call. `http` is an httpx2 client of your own (proxies, certificates), which you close yourself.
    """

    def __init__(
        self,
        base_url: str | None = None,
        token: str | None = None,
        *,
        timeout_s: float = 30,
        tries: int = 8,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self._address = Address.of(base_url, token, timeout_s)
        self._flows = Flows(Patience(tries=tries))
        self._http = http or httpx2.AsyncClient()
        self._is_ours = http is None

    async def gate(
        self, task: Any, output: Any, *, key: str | None = None, **sent: Unpack[OutcomeFields]
    ) -> Outcome:
        """Put a result through a gate; the answer is the exit that it took.

        `key` names the call for good, so that a program that was restarted may repeat it; by default each
        call gets one of its own.
        """
        return await self._run(self._flows.ask(passing(task, output, key, sent), Outcome))

    async def escalate(
        self, reason: Reason, title: str, *, key: str | None = None, **sent: Unpack[EscalationFields]
    ) -> Escalation:
        """Put a question, a result or an action to a human; `key` as in gate()."""
        call = creating("/escalations/", {"reason": reason, "title": title, **sent}, key)
        return await self._run(self._flows.ask(call, Escalation))

    async def wait(self, id: int, timeout_s: float | None = None) -> Escalation:
        """The escalation once it is decided, withdrawn or expired; raises StillWaiting after `timeout_s`."""
        return await self._run(self._flows.wait(id, timeout_s))

    async def settle(self, outcome: Outcome, timeout_s: float | None = None) -> Any:
        """The output that stands, the human's if there must be one; raises NotAccepted or StillWaiting."""
        return await self._run(self._flows.settle(outcome, timeout_s))

    async def get(self, id: int) -> Escalation:
        """The escalation as it is now."""
        return await self._run(self._flows.ask(reading(escalation_at(id)), Escalation))

    async def outcome(self, id: int) -> Outcome:
        """An outcome, with its correction if a human overturned it."""
        return await self._run(self._flows.ask(reading(f"/outcomes/{id}/"), Outcome))

    async def withdraw(self, id: int) -> None:
        """Say that no answer is needed any more; raises Refused once there is one."""
        await self._run(self._flows.withdraw(id))

    async def receipt(
        self, id: int, status: Literal["executed", "failed"], content_hash: str, detail: str = ""
    ) -> Receipt:
        """Say what was done with what was approved; `content_hash` is the decision's."""
        return await self._run(self._flows.ask(receipt_for(id, status, content_hash, detail), Receipt))

    async def start_run(self, task: Any, *, key: str | None = None, **sent: Unpack[RunFields]) -> Run:
        """Have the agent work on a task on the server's workers; `key` as in gate()."""
        call = creating("/runs/", {"task": task, **sent}, key)
        return await self._run(self._flows.ask(call, Run))

    async def run(self, id: int) -> Run:
        """The run as it is now."""
        return await self._run(self._flows.ask(reading(run_at(id)), Run))

    async def wait_for_run(self, id: int, timeout_s: float | None = None) -> Run:
        """The run once it is over; raises StillRunning after `timeout_s`."""
        return await self._run(self._flows.wait_for_run(id, timeout_s))

    async def stop_run(self, id: int) -> None:
        """End a run without a result; one that is over stays as it is."""
        await self._run(self._flows.stop_run(id))

    async def escalations(self, **filters: Unpack[EscalationFilter]) -> AsyncIterator[EscalationRow]:
        """All of one's escalations that fit, newest first, page after page."""
        query: dict[str, Any] | None = dict(filters)
        while query is not None:
            rows, query = await self._run(self._flows.page(query))
            for row in rows:
                yield row

    async def labels(self, **filters: Unpack[LabelFilter]) -> AsyncIterator[Label]:
        """All labels that fit, newest first, page after page; the token needs the scope `labels`."""
        query: dict[str, Any] | None = {"limit": 200, **filters}
        while query is not None:
            labels, query = await self._run(self._flows.label_page(query))
            for label in labels:
                yield label

    async def export(self, file: File, format: ExportFormat = "jsonl", **filters: Unpack[LabelFilter]) -> int:
        """Write all labels that fit to `file`, oldest first; returns how many bytes.

        Raises Unavailable when the answer breaks off: what is in the file then is only its beginning.
        """
        return await self._run(self._flows.export(file, {"format": format, **filters}))

    @overload
    def gated(
        self,
        gate: str = "default",
        *,
        task: TaskOf | None = None,
        wait: Literal[True] = True,
        timeout_s: float | None = None,
    ) -> Callable[[Callable[P, Awaitable[Returned[T]]]], Callable[P, Coroutine[Any, Any, T]]]: ...

    @overload
    def gated(
        self, gate: str = "default", *, task: TaskOf | None = None, wait: Literal[False]
    ) -> Callable[[Callable[P, Awaitable[Returned[Any]]]], Callable[P, Coroutine[Any, Any, Outcome]]]: ...

    def gated(
        self,
        gate: str = "default",
        *,
        task: TaskOf | None = None,
        wait: bool = True,
        timeout_s: float | None = None,
    ) -> Any:
        """Let a function return only what passes the gate, or what a human says instead.

        The function returns `(output, confidence)`, a Result, or anything with those two attributes; what
        was asked are its arguments, or what `task` makes of them. With `wait` the caller gets the output
        that stands (raises as settle() does), without it the Outcome at once.
        """

        def under_gate(function: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(function)
            async def passed(*args: Any, **kwargs: Any) -> Any:
                asked = task_of(function, task, args, kwargs)
                call = passing_returned(asked, gate, await function(*args, **kwargs))
                outcome = await self._run(self._flows.ask(call, Outcome))
                return await self.settle(outcome, timeout_s) if wait else outcome

            return passed

        return under_gate

    async def close(self) -> None:
        """Close the connections."""
        if self._is_ours:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _run(self, flow: Flow[T]) -> T:
        happened: Reply | Lost | None = None
        while True:
            try:
                step = flow.send(happened)
            except StopIteration as end:
                return cast(T, end.value)
            happened = await self._take(step)

    async def _take(self, step: Send | Pause) -> Reply | Lost | None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        try:
            async with self._http.stream(**self._address.request(step)) as answer:
                return Reply(answer.status_code, dict(answer.headers), await self._body(answer, step))
        except httpx2.RequestError as error:
            return Lost(f"{type(error).__name__}: {error}")

    async def _body(self, answer: httpx2.Response, step: Send) -> bytes:
        if step.sink is None or not answer.is_success:
            return await answer.aread()
        async for part in answer.aiter_bytes():
            step.sink.take(part)
        return b""
