"""What an agent may do: a Python function, its arguments' schema, and what it does to the world."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_type_hints, overload

from pydantic import BaseModel, ConfigDict, create_model
from pydantic.errors import PydanticUserError

from agents.guards.breaker import BreakerPolicy

Effect = Literal["read", "idempotent_write", "write"]
Function = Callable[..., Any]
# Parameters of these names are filled by the runner and not shown to the model.
IDEMPOTENCY_KEY, TASK = "idempotency_key", "task"
FROM_THE_RUN = (IDEMPOTENCY_KEY, TASK)


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model may ask for.

    `effect` says what a second run would do: nothing (`read`), nothing more (`idempotent_write`, by its key),
    or harm (`write`: after a crash in the call only a human runs it again). `needs_approval` is whether a
    human must let a call run, by its arguments as the function gets them. `cache_ttl_s` is how old an earlier
    answer may be that stands in while the circuit is open; None: never.
    """

    name: str
    description: str
    function: Function
    parameters: type[BaseModel]
    effect: Effect = "write"
    needs_approval: Callable[[Mapping[str, Any]], bool] = lambda _: False
    cache_ttl_s: float | None = None
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    polling_interval_s: float | None = None

    def schema(self) -> dict[str, Any]:
        """The tool as the Messages API takes it."""
        schema = self.parameters.model_json_schema()
        return {"name": self.name, "description": self.description, "input_schema": schema}

    def checked(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the function gets them, defaults filled in; raises pydantic.ValidationError."""
        found = self.parameters.model_validate(dict(params))
        return {name: getattr(found, name) for name in type(found).model_fields}

    def invoke(self, params: Mapping[str, Any], *, idempotency_key: str = "", task: Any = None) -> Any:
        """Check the arguments and call the function; raises pydantic.ValidationError for a misfit.

        `task` is what the agent was asked: a function with a parameter of that name works on it.
        """
        arguments = self.checked(params)
        known = {IDEMPOTENCY_KEY: idempotency_key, TASK: task}
        wanted = known.keys() & inspect.signature(self.function).parameters.keys()
        return self.function(**arguments, **{name: known[name] for name in wanted})


@overload
def tool(function: Function, /) -> Tool: ...


@overload
def tool(
    *,
    effect: Effect = "write",
    needs_approval: bool | Callable[[Mapping[str, Any]], bool] = False,
    cache_ttl_s: float | None = None,
    breaker: BreakerPolicy | None = None,
    polling_interval_s: float | None = None,
) -> Callable[[Function], Tool]: ...


def tool(
    function: Function | None = None,
    /,
    *,
    effect: Effect = "write",
    needs_approval: bool | Callable[[Mapping[str, Any]], bool] = False,
    cache_ttl_s: float | None = None,
    breaker: BreakerPolicy | None = None,
    polling_interval_s: float | None = None,
) -> Tool | Callable[[Function], Tool]:
    """Make a typed function with a docstring a tool; raises TypeError that says what the function lacks.

    The default effect is `write`, the most careful one: say `effect="read"` where a second call does no harm.
    """

    def make(function: Function) -> Tool:
        _require_a_plain_function(function)
        _require_sense(function, effect, cache_ttl_s)
        _require_terms(function, needs_approval, breaker, cache_ttl_s, polling_interval_s)
        approval = needs_approval if callable(needs_approval) else lambda _: bool(needs_approval)
        return Tool(
            name=function.__name__,
            description=inspect.cleandoc(function.__doc__ or ""),
            function=function,
            parameters=_parameters(function),
            effect=effect,
            needs_approval=approval,
            cache_ttl_s=cache_ttl_s,
            breaker=breaker or BreakerPolicy(),
            polling_interval_s=polling_interval_s,
        )

    return make(function) if function is not None else make


def _require_a_plain_function(function: Function) -> None:
    if not inspect.isroutine(function):
        raise TypeError(f'{function!r} is no function: write @tool(effect="read") above the function')
    name = function.__name__
    if not (function.__doc__ or "").strip():
        raise TypeError(f"tool {name} has no docstring: the model chooses tools by what it says; write one")
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"tool {name} is a coroutine: the runner would not wait for it; make it a plain one")
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
        raise TypeError(f"tool {name}: the API takes names of up to 64 letters, digits and _; rename it")


def _require_sense(function: Function, effect: Effect, cache_ttl_s: float | None) -> None:
    if effect not in get_args(Effect):
        choices = ", ".join(map(repr, get_args(Effect)))
        raise TypeError(f"tool {function.__name__}: effect={effect!r}; choose one of {choices}")
    if cache_ttl_s is not None and effect != "read":
        raise TypeError(
            f"tool {function.__name__} has effect={effect!r}, and an earlier answer would say that it ran "
            "when it did not: leave out cache_ttl_s"
        )
    if cache_ttl_s is not None and TASK in inspect.signature(function).parameters:
        raise TypeError(
            f"tool {function.__name__} works on the task, so one run's answer is wrong for another: "
            "leave out cache_ttl_s"
        )


def _require_terms(
    function: Function,
    needs_approval: object,
    breaker: object,
    cache_ttl_s: object,
    polling_interval_s: object,
) -> None:
    if not isinstance(needs_approval, bool) and not callable(needs_approval):
        raise TypeError(
            f"tool {function.__name__}: needs_approval={needs_approval!r}; give True, False or a function of "
            "the arguments"
        )
    if not isinstance(breaker, BreakerPolicy | None):
        raise TypeError(
            f"tool {function.__name__}: breaker={breaker!r}; write BreakerPolicy(…), from "
            "agents.guards.breaker"
        )
    for name, value in {"cache_ttl_s": cache_ttl_s, "polling_interval_s": polling_interval_s}.items():
        if value is not None and not (isinstance(value, int | float) and 0 < value < math.inf):
            raise TypeError(f"tool {function.__name__}: {name}={value!r}; give seconds above 0")


def _parameters(function: Function) -> type[BaseModel]:
    try:
        return _model_of(function, get_type_hints(function, include_extras=True))
    except (NameError, PydanticUserError) as error:
        reason = str(error).splitlines()[0]
        raise TypeError(
            f"tool {function.__name__}: a type has no JSON Schema; use those of JSON, Literal, Annotated or "
            f"a pydantic model ({reason})"
        ) from error


def _model_of(function: Function, hints: Mapping[str, Any]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in FROM_THE_RUN:
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"tool {function.__name__}: parameter {name!r} takes any number; name each one")
        if name not in hints:
            raise TypeError(f"tool {function.__name__}: parameter {name!r} has no type; annotate it")
        fields[name] = (hints[name], ... if parameter.default is parameter.empty else parameter.default)
    return create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)
