"""What an exception says about the dependency that was called: it failed, it answered, or nothing at all.

Libraries are told apart by the shape of their exceptions (a status code, a response with headers), so that
none of them has to be imported here.
"""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from agents.guards.breaker import Outcome

# Timeouts and "slow down" are the dependency's state; any other 4xx is its answer to this one call.
FAILURE_STATUSES: Final = frozenset({408, 425, 429})

# Arguments that make no sense, or a thing that is not there: true of this call, not of the dependency.
OF_THE_CALL: Final = (TypeError, ValueError, LookupError, FileNotFoundError, FileExistsError)

# Garbage where an answer should be is also a ValueError, but the dependency's.
GARBLED_ANSWER: Final = (json.JSONDecodeError, UnicodeDecodeError)

# Our own deadline; named, since the guards do not import Celery.
OWN_DEADLINE: Final = frozenset({"SoftTimeLimitExceeded"})


def classify_failure(error: BaseException) -> Outcome:
    """Whether `error` counts against the dependency: timeout, broken connection, 5xx, 429, anything unknown.

    Bad arguments and our own deadline say nothing of it (IGNORED); 404, 409 and other 4xx show it alive
    (SUCCESS).
    """
    if not isinstance(error, Exception) or OWN_DEADLINE & {cls.__name__ for cls in type(error).__mro__}:
        return Outcome.IGNORED
    status = http_status(error)
    if status is not None:
        return Outcome.FAILURE if status >= 500 or status in FAILURE_STATUSES else Outcome.SUCCESS
    if isinstance(error, GARBLED_ANSWER) or not isinstance(error, OF_THE_CALL):
        return Outcome.FAILURE
    return Outcome.IGNORED


def http_status(error: BaseException) -> int | None:
    """The HTTP status that an error of requests, httpx, urllib, aiohttp or an SDK carries, if any."""
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "status", "code"):
            status = getattr(holder, name, None)
            if type(status) is int and 400 <= status <= 599:
                return status
    return None


def retry_after_s(error: BaseException, now: datetime) -> float:
    """The seconds that the answer's Retry-After asks to wait, given as a number or a date; 0 if none."""
    headers = getattr(getattr(error, "response", error), "headers", None)
    if headers is None or not hasattr(headers, "get"):
        return 0.0
    text = headers.get("Retry-After") or headers.get("retry-after")
    try:
        seconds = float(str(text))
    except ValueError:
        seconds = _until(str(text), now)
    return seconds if 0 < seconds < float("inf") else 0.0


def _until(http_date: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(http_date)
    except ValueError:
        return 0.0
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
