"""What a server's reply means: a value, or the error to raise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from otherwise_client.answers import Escalation
from otherwise_client.calls import Call
from otherwise_client.errors import (
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    OtherwiseError,
    ProblemError,
    Refused,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)
from otherwise_client.reading import Unreadable, parsed, read
from otherwise_client.retrying import PASSING, Lost, Reply, retry_after_s

Shape = TypeVar("Shape")

ERRORS: Mapping[int, type[ProblemError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    411: Invalid,
    413: Invalid,
    415: Invalid,
    422: KeyReused,
}


def answer_as(shape: type[Shape], reply: Reply) -> Shape:
    """The body of a successful reply; raises UnexpectedAnswer."""
    try:
        return read(shape, parsed(reply.body))
    except Unreadable as error:
        raise UnexpectedAnswer(f"HTTP {reply.status} that is no answer of Otherwise: {error}") from error


def error_of(call: Call, happened: Reply | Lost, now: datetime) -> OtherwiseError:
    """The error for what came instead of a success."""
    if isinstance(happened, Lost):
        return Unavailable(f"{call.method} {call.path}: {happened.why}", key=call.key)
    problem = _problem(happened)
    if happened.status in PASSING:
        why = f"HTTP {happened.status} {problem.get('detail') or ''}".rstrip()
        return Unavailable(why, key=call.key, retry_after_s=retry_after_s(happened, now) or None)
    if happened.status == 409:
        return Refused(409, problem, _current(problem))
    if happened.status < 400:
        return UnexpectedAnswer(f"HTTP {happened.status} to {call.method} {call.path}: is the address right?")
    return ERRORS.get(happened.status, ProblemError)(happened.status, problem)


def _problem(reply: Reply) -> dict[str, Any]:
    try:
        problem = parsed(reply.body)
    except Unreadable:
        return {}
    return problem if isinstance(problem, dict) else {}


def _current(problem: Mapping[str, Any]) -> Escalation | None:
    try:
        return read(Escalation, problem.get("current"))
    except Unreadable:
        return None
