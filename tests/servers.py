"""Private PostgreSQL and Redis for one test session, started before Django reads its settings.

A pytest plugin (`-p tests.servers` in pyproject.toml). pytest-xdist's workers share the servers of the
process that started them; each has its own test database and its own Redis database.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from escalation.stack.throwaway import throwaway_servers


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Start the servers, and say where they are, before pytest-django loads the settings."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        servers = ExitStack()
        early_config.add_cleanup(servers.close)
        _point_settings_at(servers.enter_context(throwaway_servers()).path)
    _choose_redis_database(worker or "gw0")
    return (yield)


def _point_settings_at(folder: Path) -> None:
    os.environ["OTHERWISE_DATA_DIR"] = str(folder)
    # Empty, not absent: a developer's .env must not reach the tests. TEST_DATABASE_URL tries another server.
    os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "OIDC_ISSUER"):
        os.environ[name] = ""
    os.environ["SECOND_FACTOR_FOR_STAFF"] = "False"


def _choose_redis_database(worker: str) -> None:
    socket = Path(os.environ["OTHERWISE_DATA_DIR"]) / "run" / "redis.sock"
    number = int(worker.removeprefix("gw"))
    os.environ["REDIS_URL"] = f"unix://{socket}?db={number}"
    os.environ["CELERY_BROKER_URL"] = f"redis+socket://{socket}?virtual_host={number}"
