"""System checks: each mistake in the settings has its number and its hint."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

GOOD = {
    "SECRET_KEY": "k" * 60,
    "DEMO": False,
    "DEBUG": False,
    "ALLOWED_HOSTS": ["otherwise.example"],
    "PUBLIC_URL": "https://otherwise.example",
}
BROKEN = [
    (1, {"SECRET_KEY": "insecure-no-stack-is-up"}),
    (2, {"DEMO": True}),
    (3, {"DEBUG": True}),
    (4, {"CELERY_BROKER_TRANSPORT_OPTIONS": {"visibility_timeout": 60}}),
    (5, {"RUN_LEASE": timedelta(seconds=1)}),
    (6, {"CLAIM_LEASE": timedelta(seconds=1)}),
    (7, {"UNDO_WINDOW": timedelta(seconds=-1)}),
    (9, {"PUBLIC_URL": "otherwise.example"}),
    (10, {"LOG_FORMAT": "xml"}),
    (13, {"OIDC_ISSUER": "http://id.example", "OIDC_CLIENT_ID": "a", "OIDC_CLIENT_SECRET": "b"}),
    (14, {"OIDC_ISSUER": "https://id.example"}),
]


def found(settings: Settings, changes: dict[str, Any]) -> dict[str, str]:
    for name, value in (GOOD | changes).items():
        setattr(settings, name, value)
    messages = run_checks(include_deployment_checks=True)
    return {str(each.id): each.hint or "" for each in messages if str(each.id).startswith("escalation.")}


def test_good_settings_pass(settings: Settings) -> None:
    assert found(settings, {}) == {}


@pytest.mark.parametrize(("number", "changes"), BROKEN)
def test_a_mistake_is_found_with_a_hint(settings: Settings, number: int, changes: dict[str, Any]) -> None:
    messages = found(settings, changes)

    assert list(messages) == [f"escalation.E{number:03}"]
    assert messages[f"escalation.E{number:03}"]


def test_a_socket_path_that_is_too_long_is_found(settings: Settings) -> None:
    settings.DATABASES["default"]["HOST"], before = "/" + "x" * 120, settings.DATABASES["default"]["HOST"]
    try:
        assert "escalation.E008" in found(settings, {})
    finally:
        settings.DATABASES["default"]["HOST"] = before


@pytest.mark.django_db
def test_the_database_under_test_is_supported() -> None:
    assert run_checks(databases=["default"]) == []
