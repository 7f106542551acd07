"""One line a request, and nothing in it that must stay secret."""

from __future__ import annotations

import sys
from errno import ENOSPC
from io import StringIO
from typing import Any

import pytest
import structlog
from django.contrib.auth.models import User
from django.test import Client

from escalation.logs import hide_secrets
from escalation.queue.models import Escalation
from tests.cast import PASSWORD, RaiseEscalation


def test_a_request_is_one_line_with_its_id() -> None:
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        Client().get("/healthz", {"a": "b"})

    (line,) = lines
    assert len(line.pop("request_id")) == 36
    assert line == {
        "event": "request_finished",
        "code": 200,
        "request": "GET /healthz?a=b",
        "log_level": "info",
    }
    assert structlog.contextvars.get_contextvars() == {}


@pytest.mark.django_db
def test_what_was_refused_is_a_warning() -> None:
    with structlog.testing.capture_logs() as lines:
        Client().get("/api/v1/escalations/")

    assert [(line["code"], line["log_level"]) for line in lines] == [(401, "warning")]


def test_it_names_who_signed_in(alice: User) -> None:
    browser = Client()
    browser.login(username="alice", password=PASSWORD)

    with structlog.testing.capture_logs() as lines:
        browser.get("/login/")

    assert [line["user_id"] for line in lines] == [alice.pk]


def test_an_exception_is_logged_with_its_traceback(alice: User, an_escalation: RaiseEscalation) -> None:
    Escalation.objects.filter(pk=an_escalation().pk).update(priority=9)  # there is no such priority
    browser = Client(raise_request_exception=False)
    browser.login(username="alice", password=PASSWORD)

    with structlog.testing.capture_logs() as lines:
        browser.get("/api/v1/escalations/")

    failed, finished = lines
    assert (failed["event"], failed["exc_info"]) == ("request_failed", True)
    assert (finished["code"], finished["log_level"]) == (500, "error")


def test_secrets_are_hidden() -> None:
    line: dict[str, Any] = {"Authorization": "Bearer x", "api_token": "y", "request": "GET /"}

    assert hide_secrets(None, "info", line) == {
        "Authorization": "hidden",
        "api_token": "hidden",
        "request": "GET /",
    }


class FullDisk(StringIO):
    def write(self, text: str) -> int:
        raise OSError(ENOSPC, "No space left on device")


@pytest.mark.django_db
def test_a_line_that_cannot_be_written_fails_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", FullDisk())

    response = Client().get("/healthz")

    assert response.status_code == 200
