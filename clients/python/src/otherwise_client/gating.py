"""What a function under a gate returns, and how it is put to the gate."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, Protocol, TypeVar, cast

from otherwise_client.calls import Call, creating, encoded
from otherwise_client.fields import Evidence, OutcomeFields, Reason, TraceStep, Usage

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Confident(Protocol[T_co]):
    """Anything with an output and a confidence."""

    @property
    def output(self) -> T_co: ...

    @property
    def confidence(self) -> float | None: ...


@dataclass(frozen=True, kw_only=True)
class Result(Generic[T]):
    """What an agent produced, when there is more to say of it than output and confidence."""

    output: T
    confidence: float | None = None
    partial: bool = False
    completed: Sequence[str] = ()
    missing: Sequence[str] = ()
    causes: Sequence[Reason] = ()
    usage: Usage | None = None
    trace: Sequence[TraceStep] = ()
    evidence: Sequence[Evidence] = ()
    title: str | None = None
    category: str = ""
    model: str = ""
    prompt_version: str = ""
    external_id: str = ""
    metadata: Mapping[str, Any] | None = None


Returned = tuple[T, float | None] | Confident[T]
TaskOf = Callable[..., Any]


def passing(task: Any, output: Any, key: str | None, sent: OutcomeFields) -> Call:
    """The call that puts an output to a gate."""
    return creating("/outcomes/", {"task": task, "output": output, **sent}, key)


def passing_returned(task: Any, gate: str, returned: Any) -> Call:
    """The call for what a function under a gate returned; raises TypeError when it is no such thing."""
    output, said = _said(returned)
    return passing(task, output, None, cast(OutcomeFields, {"gate": gate, **said}))


def task_of(function: Callable[..., Any], chosen: TaskOf | None, args: Any, kwargs: Any) -> Any:
    """What the agent was asked: what `chosen` makes of the arguments, or the arguments by name.

    As JSON, and before the function runs: it may change its arguments, or cost much and then not be told of.
    """
    if chosen is None:
        bound = inspect.signature(function).bind(*args, **kwargs)
        bound.apply_defaults()
        asked = dict(bound.arguments)
    else:
        asked = chosen(*args, **kwargs)
    return json.loads(encoded(asked))


def _said(returned: Any) -> tuple[Any, dict[str, Any]]:
    if isinstance(returned, Result):
        said = {one.name: getattr(returned, one.name) for one in fields(returned) if one.name != "output"}
        return returned.output, {name: value for name, value in said.items() if value not in (None, (), "")}
    if isinstance(returned, tuple) and len(returned) == 2:
        output, confidence = returned
        return output, {"confidence": confidence}
    if hasattr(returned, "output") and hasattr(returned, "confidence"):
        return returned.output, {"confidence": returned.confidence}
    raise TypeError(
        f"A function under a gate returns (output, confidence), or a Result, not {type(returned).__name__}."
    )
