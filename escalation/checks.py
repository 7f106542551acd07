"""System checks of the settings: what would go wrong later, said before anything starts.

`escalation.E001` to `E003` concern secrets and who can reach the product (`check --deploy`).
"""

import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from escalation.stack.data_folder import LONGEST_SOCKET_PATH

LOOPBACK = {"127.0.0.1", "localhost", "[::1]", "::1", "testserver"}
OLDEST_POSTGRES = 150_000


def _error(number: int, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"escalation.E{number:03}")


@register(Tags.security, deploy=True)
def check_secrets(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A product that others reach has a secret of its own, no demo, and no DEBUG."""
    found: list[CheckMessage] = []
    if settings.SECRET_KEY.startswith("insecure"):
        found.append(_error(1, "There is no secret key.", "Set SECRET_KEY to 50 random characters."))
    if settings.DEMO:
        found.append(_error(2, "The demo's sign-ins are known to everyone.", "Unset OTHERWISE_DEMO."))
    if settings.DEBUG and not set(settings.ALLOWED_HOSTS) <= LOOPBACK:
        found.append(
            _error(3, "DEBUG shows the code to other machines.", "Unset DEBUG, or empty ALLOWED_HOSTS.")
        )
    return found


@register(Tags.compatibility)
def check_times(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Each time limit is longer than what it must outlast."""
    limit = settings.CELERY_TASK_TIME_LIMIT
    found: list[CheckMessage] = []
    if settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"] < 2 * limit:
        found.append(
            _error(
                4,
                "The broker would deliver a task again while it still runs.",
                "Make visibility_timeout at least twice CELERY_TASK_TIME_LIMIT.",
            )
        )
    if settings.RUN_LEASE.total_seconds() < 2:
        found.append(
            _error(5, "A run's lease could end between two signs of life.", "Set RUN_LEASE_S to 2 or more.")
        )
    if settings.CLAIM_LEASE.total_seconds() < 30:
        found.append(_error(6, "Nobody can answer so fast.", "Set CLAIM_LEASE_S to 30 seconds or more."))
    if settings.UNDO_WINDOW.total_seconds() < 0:
        found.append(_error(7, "The undo window is negative.", "Set UNDO_WINDOW_S to 0 or more."))
    return found


@register(Tags.compatibility)
def check_places(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The addresses in the settings are ones that can be used."""
    found: list[CheckMessage] = []
    host = str(settings.DATABASES["default"].get("HOST", ""))
    length = len(os.fsencode(f"{host}/.s.PGSQL.5432"))
    if host.startswith("/") and length > LONGEST_SOCKET_PATH:
        found.append(
            _error(
                8,
                f"PostgreSQL's socket path has {length} bytes; the system allows {LONGEST_SOCKET_PATH}.",
                "Choose a shorter folder with OTHERWISE_DATA_DIR.",
            )
        )
    url = urlsplit(settings.PUBLIC_URL)
    if url.scheme not in ("http", "https") or not url.hostname:
        found.append(
            _error(9, f"PUBLIC_URL is no web address: {settings.PUBLIC_URL!r}.", "Example: https://q.example")
        )
    if settings.LOG_FORMAT not in ("console", "json"):
        found.append(_error(10, f"LOG_FORMAT is {settings.LOG_FORMAT!r}.", "Choose console or json."))
    return found


@register(Tags.security)
def check_provider(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Where people sign in elsewhere, nobody can stand between, and we have a name and a secret there."""
    if not settings.OIDC_ISSUER:
        return []
    found: list[CheckMessage] = []
    url = urlsplit(settings.OIDC_ISSUER)
    if url.scheme != "https" and url.hostname not in LOOPBACK:
        found.append(
            _error(13, f"OIDC_ISSUER is not secure: {settings.OIDC_ISSUER!r}.", "Begin it with https://.")
        )
    if not (settings.OIDC_CLIENT_ID and settings.OIDC_CLIENT_SECRET):
        hint = "Set OIDC_CLIENT_ID and OIDC_CLIENT_SECRET to what the provider gave you."
        found.append(_error(14, "The OpenID Connect provider does not know us.", hint))
    return found


@register(Tags.database)
def check_database(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The database is a PostgreSQL that we are tested on."""
    found: list[CheckMessage] = []
    for alias in kwargs.get("databases") or []:
        found += _check_server(connections[alias])
    return found


def _check_server(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    if connection.vendor != "postgresql":
        return [
            _error(11, f"{connection.vendor} cannot hold the queue.", "Point DATABASE_URL at PostgreSQL.")
        ]
    connection.ensure_connection()
    version: int = connection.connection.info.server_version
    if version >= OLDEST_POSTGRES:
        return []
    return [_error(12, f"PostgreSQL {version // 10_000} is too old.", "Use PostgreSQL 15 or newer.")]
