"""One line for each thing that happened: for people on a console, as JSON where machines read it."""

from __future__ import annotations

import logging
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

# What must never stand in a log, under whatever name it came.
SECRETS = ("authorization", "cookie", "password", "secret", "token")


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
        logger_factory=structlog.WriteLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"console": {"class": "logging.StreamHandler"}},
        "root": {"handlers": ["console"], "level": "WARNING"},
    }


def hide_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Take the values of secrets out of a line."""
    for name in event:
        if any(secret in name.lower() for secret in SECRETS):
            event[name] = "hidden"
    return event
