"""Whatever goes wrong under /api/ is said in one format, and nothing of ours leaks."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from escalation.queue.models import Escalation
from tests.api.caller import Caller, a_body
from tests.cast import RaiseEscalation


def is_problem(answer: Any, status: int) -> bool:
    body = answer.json()
    known = {"type", "title", "status", "detail", "errors", "current"}
    return (
        answer.status_code == body["status"] == status
        and answer["Content-Type"] == "application/problem+json"
        and {"type", "title", "status", "detail"} <= set(body) <= known
    )


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/v2/escalations/",
        "/api/nothing",
        "/api/v1/",
        "/api/v1/nothing/",
        "/api/v1/escalations",
        "/api/v1/escalations/x/",
    ],
)
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options"])
def test_a_path_that_is_none_is_404_for_everyone(path: str, method: str) -> None:
    answer: Any = getattr(Client(), method)(path)

    assert is_problem(answer, 404)


def test_a_forgotten_slash_is_pointed_out() -> None:
    answer: Any = Client().get("/api/v1/escalations")

    assert "Paths end in a slash" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/escalations/", "GET, POST"),
        ("PATCH", "/escalations/", "GET, POST"),
        ("DELETE", "/outcomes/", "POST"),
        ("OPTIONS", "/outcomes/", "POST"),
        ("TRACE", "/outcomes/", "POST"),
    ],
)
def test_another_method_is_405_and_says_which_there_are(
    support_triage: Caller, method: str, path: str, allowed: str
) -> None:
    answer: Any = support_triage.client.generic(method, f"/api/v1{path}", headers=support_triage.headers())

    assert is_problem(answer, 405)
    assert set(allowed.split(", ")) <= set(answer["Allow"].split(", "))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("get", "/schema/?format=xml", 404), ("post", "/schema/", 405), ("post", "/docs/", 405)],
)
def test_the_documents_refuse_in_the_same_words(method: str, path: str, status: int) -> None:
    answer: Any = getattr(Client(), method)(f"/api/v1{path}")

    assert is_problem(answer, status)


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "image/*;q=0.1"])
def test_whatever_is_accepted_there_is_json(support_triage: Caller, accept: str) -> None:
    answer: Any = Client().get("/api/v1/escalations/", headers=support_triage.headers() | {"Accept": accept})

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_what_nobody_foresaw_is_500_and_tells_nothing(
    support_triage: Caller, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation()
    Escalation.objects.filter(pk=escalation.pk).update(priority=9)  # there is no such priority

    answer = support_triage.get(f"/escalations/{escalation.pk}/")

    assert is_problem(answer, 500)
    assert "KeyError" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_503_and_worth_another_try(support_triage: Caller) -> None:
    support_triage.get("/escalations/")
    place = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"

    try:
        answer = support_triage.post("/escalations/", a_body())
    finally:
        connection.close()
        connection.settings_dict["HOST"] = place

    assert is_problem(answer, 503)
    assert int(answer["Retry-After"]) > 0
    assert "/nowhere" not in answer.text


@pytest.mark.django_db(transaction=True)
def test_a_row_that_is_locked_too_long_is_503(support_triage: Caller, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    other = connection.copy()
    with other.cursor() as cursor, connection.cursor() as ours:
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM queue_escalation WHERE id = %s FOR UPDATE", [escalation.pk])
        ours.execute("SET lock_timeout = 50")

        answer = support_triage.delete(f"/escalations/{escalation.pk}/")

        ours.execute("RESET lock_timeout")
    other.close()

    assert is_problem(answer, 503)
    escalation.refresh_from_db()
    assert escalation.status == "waiting"
