"""One line for each thing that happened: for people on a console, as JSON where machines read it."""

from __future__ import annotations

import logging
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog
from django.core.signals import got_request_exception
from django.utils.functional import LazyObject
from structlog.typing import EventDict, WrappedLogger

from escalation.parking import KEY, Parking

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

# What must never stand in a log, under whatever name it came.
SECRETS = ("authorization", "cookie", "password", "secret", "token")

log = structlog.get_logger()


def configure(form: str, level: str) -> dict[str, Any]:
    """Set structlog up, and give Django's LOGGING; `form` is "console" or "json", `level` as in logging."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.processors.JSONRenderer()
            if form == "json"
            else structlog.dev.ConsoleRenderer(colors=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.WriteLoggerFactory(file=Unfailing()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"console": {"class": "logging.StreamHandler"}},
        "root": {"handlers": ["console"], "level": "WARNING"},
    }


class Unfailing:
    """Standard output, where a line that cannot be written is lost: a full disk fails no request."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stdout.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stdout.flush()


def hide_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Take the values of secrets out of a line."""
    for name in event:
        if any(secret in name.lower() for secret in SECRETS):
            event[name] = "hidden"
    return event


class RequestLog:
    """Middleware: one line a request, when it is over; all lines meanwhile carry its `request_id`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        got_request_exception.connect(note_failure)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        structlog.contextvars.bind_contextvars(request_id=str(uuid.uuid4()))
        try:
            response = self.get_response(request)
            if not _goes_on(request):
                level = _level(response.status_code)
                log.log(level, "request_finished", code=response.status_code, **_told(request))
            return response
        finally:
            structlog.contextvars.clear_contextvars()


def note_failure(sender: Any, request: HttpRequest, **_: Any) -> None:
    """Log the exception that nobody foresaw, while it is at hand."""
    log.exception("request_failed", **_told(request))


def _goes_on(request: HttpRequest) -> bool:
    """Whether this answer is thrown away, since the request waits and is then handled again."""
    parking: Parking | None = request.META.get(KEY)
    return parking is not None and parking.bell is not None


def _level(status: int) -> int:
    if status < 400:
        return logging.INFO
    return logging.WARNING if status < 500 else logging.ERROR


def _told(request: HttpRequest) -> dict[str, Any]:
    told: dict[str, Any] = {"request": f"{request.method} {request.get_full_path()}"}
    user = vars(request).get("user")
    if isinstance(user, LazyObject):
        # Nobody asked who it is: a line in the log is no reason to ask the database.
        user = vars(request).get("_cached_user")
    user_id = getattr(user, "pk", None)
    return told | {"user_id": user_id} if user_id else told
