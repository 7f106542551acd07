"""One line instead of a traceback when no server answers."""

import redis
from django.conf import settings
from django.db import OperationalError
from kombu.exceptions import OperationalError as BrokerError

START = "Start the product with `make run` (or `manage.py up`)"


def explain_absence(error: Exception) -> str | None:
    """Say how to start a server when `error` means that none answers; None when it means something else."""
    if isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", "") is None:
        database = settings.DATABASES["default"]
        place = database.get("HOST") or database["NAME"]
        return f"No PostgreSQL answers at {place}. {START}, or set DATABASE_URL.\n{error}"
    if isinstance(error, redis.ConnectionError | BrokerError):
        return f"No Redis answers at {settings.REDIS_URL}. {START}, or set REDIS_URL."
    return None
