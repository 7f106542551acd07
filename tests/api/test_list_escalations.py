"""Lists: newest first, by key, only what is the caller's."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict

from escalation.api import pages
from escalation.queue.models import ReviewQueue
from escalation.queue.models.reason import BLIND_REASONS
from tests.api.caller import Caller, a_body
from tests.cast import RaiseEscalation


def titles(answer: Any) -> list[str]:
    return [row["title"] for row in answer.json()["results"]]


def follow(caller: Caller, link: str) -> Any:
    return caller.get("/escalations/", **QueryDict(urlsplit(link).query).dict())


@pytest.fixture
def five(an_escalation: RaiseEscalation) -> None:
    for number in range(5):
        an_escalation(title=str(number))


@pytest.mark.usefixtures("five")
def test_pages_follow_each_other_without_gap_or_repetition(support_triage: Caller) -> None:
    first = support_triage.get("/escalations/", limit=2)
    second = follow(support_triage, first.json()["next"])
    third = follow(support_triage, second.json()["next"])

    assert [titles(page) for page in (first, second, third)] == [["4", "3"], ["2", "1"], ["0"]]
    assert (first.json()["previous"], third.json()["next"]) == (None, None)


@pytest.mark.usefixtures("five")
def test_the_way_back_is_the_same(support_triage: Caller) -> None:
    first = support_triage.get("/escalations/", limit=2)
    second = follow(support_triage, first.json()["next"])

    back = follow(support_triage, second.json()["previous"])

    assert titles(back) == titles(first)
    assert back.json()["previous"] is None


@pytest.mark.usefixtures("five")
def test_new_rows_do_not_shift_a_page(support_triage: Caller, an_escalation: RaiseEscalation) -> None:
    first = support_triage.get("/escalations/", limit=2)
    an_escalation(title="new")

    second = follow(support_triage, first.json()["next"])

    assert titles(second) == ["2", "1"]


@pytest.mark.usefixtures("five")
def test_the_links_keep_the_filters(support_triage: Caller) -> None:
    link = support_triage.get("/escalations/", limit=2, status="waiting").json()["next"]

    assert QueryDict(urlsplit(link).query)["status"] == "waiting"


@pytest.mark.usefixtures("five")
def test_a_filter_looks_a_bounded_way_down_the_line_and_says_where_to_go_on(
    support_triage: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "LOOK", 2)

    first = support_triage.get("/escalations/", q="0")
    second = follow(support_triage, first.json()["next"])
    third = follow(support_triage, second.json()["next"])
    back = follow(support_triage, third.json()["previous"])
    again = follow(support_triage, back.json()["next"])

    assert [titles(page) for page in (first, second, third, back, again)] == [[], [], ["0"], [], ["0"]]
    assert (first.json()["previous"], third.json()["next"]) == (None, None)


@pytest.mark.usefixtures("five")
def test_the_total_is_counted_when_asked_for(support_triage: Caller) -> None:
    assert "total" not in support_triage.get("/escalations/").json()
    assert support_triage.get("/escalations/", total="1", limit=1).json()["total"] == 5


@pytest.mark.usefixtures("five")
def test_the_count_stops_where_nobody_needs_the_number(
    support_triage: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_COUNTED", 4)

    assert support_triage.get("/escalations/", total="1").json()["total"] == "4+"


def test_a_row_has_no_bodies(support_triage: Caller, an_escalation: RaiseEscalation) -> None:
    an_escalation()

    row = support_triage.get("/escalations/").json()["results"][0]

    assert not {"task", "output", "trace", "explanation", "metadata"} & set(row)
    assert row["title"] == "Where is my order?"


def test_a_decided_row_tells_the_verdict(support_triage: Caller, decided: Any) -> None:
    row = support_triage.get("/escalations/", status="decided").json()["results"][0]

    assert (row["decision"]["verdict"], row["decision"]["reviewer"]) == ("accept", "alice")


def test_a_page_costs_one_query_however_long(
    support_triage: Caller, an_escalation: RaiseEscalation, alice: User, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        escalation = an_escalation()
        escalation.claim(alice)
        escalation.decide(alice, "accept")
    support_triage.get("/escalations/")

    with django_assert_num_queries(1):
        support_triage.get("/escalations/")


def test_an_agent_sees_its_own_rows_and_no_blind_checks(
    support_triage: Caller, invoices: Caller, an_escalation: RaiseEscalation
) -> None:
    invoices.post("/escalations/", a_body(title="of invoices"))
    for reason in BLIND_REASONS:
        an_escalation(reason=reason, title=reason)
    an_escalation(title="mine")

    answer = support_triage.get("/escalations/", total="1")

    assert (titles(answer), answer.json()["total"]) == (["mine"], 1)


def test_a_reviewer_sees_the_queues_that_are_theirs(
    as_alice: Caller, as_mallory: Caller, an_escalation: RaiseEscalation
) -> None:
    an_escalation(title="in support")
    an_escalation(title="in legal", queue=ReviewQueue.objects.create(slug="legal", name="Legal"))

    assert titles(as_alice.get("/escalations/")) == ["in support"]
    assert titles(as_mallory.get("/escalations/")) == []


def test_a_decision_in_its_undo_window_is_listed_as_a_claim(
    support_triage: Caller, alice: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation(title="undecided to agents")
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    assert titles(support_triage.get("/escalations/", status="decided")) == []
    claimed = support_triage.get("/escalations/", status="claimed").json()["results"]
    assert [(row["status"], row["decision"]) for row in claimed] == [("claimed", None)]


FILTERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"status": "waiting"}, {}),
    ({"agent": "support-triage"}, {}),
    ({"gate": "refunds"}, {"gate": "refunds"}),
    ({"reason": "tool_failed"}, {"reason": "tool_failed"}),
    ({"queue": "support"}, {}),
    ({"priority": "urgent"}, {"priority": 3}),
    ({"partial": "true"}, {"partial": True}),
    ({"tag": "vip"}, {"tags": ["vip", "eu"]}),
    ({"external_id": "A-17"}, {"external_id": "A-17"}),
    ({"q": "PARCEL"}, {"title": "The parcel is lost"}),
    ({"raised_after": "2000-01-01T00:00:00Z"}, {}),
    ({"raised_before": "2100-01-01T00:00:00+02:00"}, {}),
]


@pytest.mark.parametrize(("query", "facts"), FILTERS)
def test_a_filter_finds_what_fits(
    support_triage: Caller, an_escalation: RaiseEscalation, query: Any, facts: Any
) -> None:
    escalation = an_escalation(**facts)

    found = support_triage.get("/escalations/", **query).json()["results"]

    assert [row["id"] for row in found] == [escalation.pk]


@pytest.mark.parametrize(
    "query",
    [
        {"status": "decided"},
        {"agent": "invoices"},
        {"gate": "refunds"},
        {"reason": "tool_failed"},
        {"queue": "legal"},
        {"priority": "urgent"},
        {"partial": "true"},
        {"tag": "vip"},
        {"external_id": "A-17"},
        {"q": "%"},
        {"q": "'; DROP TABLE queue_escalation; --"},
        {"raised_after": "2100-01-01T00:00:00Z"},
        {"raised_before": "2000-01-01T00:00:00Z"},
        {"raised_before": "0001-01-02T00:00:00Z"},
    ],
)
def test_a_filter_leaves_out_what_does_not_fit(
    support_triage: Caller, an_escalation: RaiseEscalation, query: Any
) -> None:
    an_escalation()

    answer = support_triage.get("/escalations/", **query)

    assert (answer.status_code, answer.json()["results"]) == (200, [])


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "x"},
        {"cursor": "17"},
        {"cursor": "o99999999999999999"},
        {"status": "open"},
        {"reason": "bored"},
        {"priority": "2"},
        {"partial": "maybe"},
        {"q": "x" * 201},
        {"q": "\x00"},
        {"raised_after": "yesterday"},
        {"raised_after": "2026-11-22"},
        {"raised_after": "2026-02-30T00:00:00Z"},
        {"raised_after": "2026-11-22T09:00:00"},
        {"raised_after": "0001-01-01T00:00:00+14:00"},
        {"raised_after": "0.5"},
        {"page": "2"},
        {"status": ["waiting", "decided"]},
    ],
)
def test_a_parameter_that_cannot_be_read_is_refused(support_triage: Caller, query: Any) -> None:
    answer = support_triage.get("/escalations/", **query)

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["errors"][0]["pointer"].startswith("?")
