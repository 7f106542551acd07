"""Where a run met a breaker that changed its mode: lines for its timeline, beside the calls they explain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.timezone import now

from agents.models import BreakerEvent, Run, Step, ToolCall
from agents.run.trace import trace
from agents.run.work import Work

# So many of the newest events are looked through, and so many of one breaker shown between two lines.
LOOKED_THROUGH: Final = 500
SHOWN: Final = 3
# A change is written down a moment after the call that brought it about.
AFTERWARDS: Final = timedelta(seconds=1)


def trace_with_breakers(work: Work) -> list[dict[str, Any]]:
    """The run's trace, with the changes of the breakers of its models and of its tools where it met them."""
    lines = iter(trace(work))
    ended = work.run.ended_at or now()
    events = _events(work, ended)
    since = dict.fromkeys(_models(work.run), work.run.created_at)
    told: list[dict[str, Any]] = []
    for step in work.steps:
        model = _asked_in(step, work.run)
        told += _lines(_between(events, model, since[model], step.at))
        told.append(next(lines))
        since[model] = step.at
        for call in work.calls_of(step):
            met = _met_by(call, step, work, events)
            before = [event for event in met if event.at <= _begun(call, step)]
            told += [*_lines(before), next(lines), *_lines(met[len(before) :])]
    if work.run.state != Run.State.WAITING_HUMAN:
        for model in since:
            told += _lines(_between(events, model, since[model], ended))
    return told


def _events(work: Work, until: datetime) -> list[BreakerEvent]:
    """The events of the breakers that this run may have met, oldest first."""
    names = {*_models(work.run)} | {f"tool:{call.name}" for call in work.calls}
    found = BreakerEvent.objects.filter(breaker__in=names, at__lte=until + AFTERWARDS)
    return list(found.select_related("actor").order_by("-id")[:LOOKED_THROUGH])[::-1]


def _models(run: Run) -> list[str]:
    """The breakers of every model that the run may ask, its own first."""
    asked = dict.fromkeys([run.model, run.prompt.get("critic", {}).get("model") or run.model])
    return [f"model:{model}" for model in asked]


def _asked_in(step: Step, run: Run) -> str:
    critic = run.prompt["critic"]["model"] if step.aside == Step.Aside.CRITIC else None
    return f"model:{critic or run.model}"


def _between(
    events: Sequence[BreakerEvent], name: str, after: datetime, until: datetime
) -> list[BreakerEvent]:
    return [event for event in events if event.breaker == name and after < event.at <= until][-SHOWN:]


def _met_by(call: ToolCall, step: Step, work: Work, events: Sequence[BreakerEvent]) -> list[BreakerEvent]:
    """What happened to its breaker during a call; before one that was not let through, why it was not."""
    name, begun = f"tool:{call.name}", _begun(call, step)
    ended = begun + timedelta(seconds=call.seconds) + AFTERWARDS
    later = [each.started_at for each in work.calls if each.name == call.name and each.started_at]
    met = _between(events, name, begun, min([ended, *(at for at in later if at > begun)]))
    refused = call.state == ToolCall.State.REFUSED and call.started_at is not None
    if refused or call.cached_age_s is not None:
        earlier = [event for event in events if event.breaker == name and event.at <= begun]
        return [*earlier[-1:], *met]
    return met


def _begun(call: ToolCall, step: Step) -> datetime:
    return call.started_at or step.at


def _lines(events: Sequence[BreakerEvent]) -> Iterator[dict[str, Any]]:
    for event in events:
        reason = event.reason.replace("_", " ") if event.actor is None else f"{event.actor}: {event.reason}"
        yield {
            "kind": "breaker",
            "name": f"{event.breaker}: {_said(event.before)} → {_said(event.after)}",
            "at": event.at.isoformat(),
            "output": reason or None,
        }


def _said(mode: str) -> str:
    return mode.replace("_", " ")
