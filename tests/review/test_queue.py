from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.gating.models import Agent
from escalation.queue.models import Escalation, ReviewQueue
from escalation.review import line
from tests.cast import RaiseEscalation
from tests.review.conftest import HTMX


def titles(client: Client, query: str = "") -> list[str]:
    listed = client.get(f"/queue/{query}").context["list"]
    return [row.title for row in listed.escalations]


def test_the_front_page_is_the_queue(as_alice: Client) -> None:
    assert as_alice.get("/")["Location"] == "/queue/"


def test_the_most_urgent_comes_first(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    an_escalation(title="can wait", priority=0)
    an_escalation(title="soon", deadline_s=60)
    an_escalation(title="now", priority=3)

    assert titles(as_alice) == ["now", "soon", "can wait"]


def test_a_row_says_why_how_sure_and_who_holds_it(
    as_alice: Client, an_escalation: RaiseEscalation, bob: User
) -> None:
    an_escalation(title="Half an invoice", partial=True, deadline_s=60).claim(bob)

    text = as_alice.get("/queue/").content.decode()

    for shown in (
        "Half an invoice",
        "Low confidence",
        "PARTIAL",
        "Confidence 0.62, threshold 0.75",
        "bob",
        "due",
    ):
        assert shown in text


def test_a_blind_check_shows_neither_its_reason_nor_its_confidence(
    as_alice: Client, an_escalation: RaiseEscalation
) -> None:
    an_escalation(reason="audit", confidence=0.9137)

    text = as_alice.get("/queue/").content.decode()

    assert "Audit" not in text
    assert "0.91" not in text


def test_somebody_without_a_queue_sees_an_empty_page(
    as_mallory: Client, an_escalation: RaiseEscalation
) -> None:
    an_escalation(title="secret")

    response = as_mallory.get("/queue/")

    assert b"You belong to no review queue yet" in response.content
    assert b"secret" not in response.content


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?reason=breaker_open", ["broken"]),
        ("?agent=other", ["another's"]),
        ("?agent=support-triage", ["doubtful", "broken", "in part"]),
        ("?partial=1", ["in part"]),
        ("?priority=0", ["in part"]),
        ("?queue=support", ["doubtful", "broken", "another's", "in part"]),
        ("?queue=elsewhere", []),
        ("?reason=audit", ["doubtful", "broken", "another's", "in part"]),
        ("?priority=high&partial=maybe&queue=%00", ["doubtful", "broken", "another's", "in part"]),
    ],
)
def test_filters_in_the_address_narrow_the_list(
    as_alice: Client, agent: Agent, an_escalation: RaiseEscalation, query: str, expected: list[str]
) -> None:
    an_escalation(title="doubtful")
    an_escalation(title="broken", reason="breaker_open")
    an_escalation(title="in part", partial=True, priority=0)
    Agent.objects.create(slug="other")
    an_escalation(title="another's", agent="other")

    assert titles(as_alice, query) == expected


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ("open", ["waits", "mine", "bob's"]),
        ("mine", ["mine"]),
        ("others", ["bob's"]),
        ("snoozed", ["sleeps"]),
        ("decided", ["decided"]),
    ],
)
def test_each_part_of_the_life_cycle_can_be_shown(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User, bob: User, show: str, expected: list[str]
) -> None:
    an_escalation(title="waits")
    an_escalation(title="mine").claim(alice)
    an_escalation(title="bob's").claim(bob)
    for title in ("sleeps", "decided"):
        an_escalation(title=title).claim(alice)
    Escalation.objects.get(title="sleeps").snooze(alice, seconds=3600)
    Escalation.objects.get(title="decided").decide(alice, "accept")

    assert titles(as_alice, f"?show={show}") == expected


def test_the_next_page_begins_where_this_one_ends(
    as_alice: Client, an_escalation: RaiseEscalation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "PAGE", 2)
    for number in range(3):
        an_escalation(title=f"number {number}")
    first = as_alice.get("/queue/").context["list"]

    second = as_alice.get("/queue/", {"after": first.later}).context["list"]

    assert [row.title for row in first.escalations] == ["number 0", "number 1"]
    assert [row.title for row in second.escalations] == ["number 2"]
    assert second.later == ""


@pytest.mark.parametrize(
    "after", ["nonsense", "2026-01-01~1", "2026-01-01T00:00:00Z~x", "~", "2026-01-01T00:00:00Z~" + "9" * 30]
)
def test_a_cursor_that_is_none_begins_at_the_beginning(
    as_alice: Client, an_escalation: RaiseEscalation, after: str
) -> None:
    an_escalation(title="first")

    response = as_alice.get("/queue/", {"after": after})

    assert [row.title for row in response.context["list"].escalations] == ["first"]


def test_each_queue_shows_how_many_wait_in_it(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    an_escalation()
    an_escalation()

    queues = as_alice.get("/queue/").context["queues"]

    assert [(mine.queue.slug, mine.waiting) for mine in queues] == [("support", 2)]


def test_an_empty_queue_says_how_to_fill_it(as_alice: Client, queue: ReviewQueue) -> None:
    assert b"curl " in as_alice.get("/queue/").content


def test_a_finished_queue_says_so(as_alice: Client, an_escalation: RaiseEscalation, alice: User) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    assert b"All done" in as_alice.get("/queue/").content


def test_a_filter_that_hides_everything_says_how_much(
    as_alice: Client, an_escalation: RaiseEscalation
) -> None:
    an_escalation()

    assert b"The filters hide 1" in as_alice.get("/queue/?reason=tool_failed").content


def test_a_queue_whose_every_row_is_held_says_so(
    as_alice: Client, an_escalation: RaiseEscalation, bob: User
) -> None:
    an_escalation().claim(bob)

    assert b"Everything here is held by somebody" in as_alice.get("/queue/").content


def test_htmx_gets_the_list_without_the_page_around_it(
    as_alice: Client, an_escalation: RaiseEscalation
) -> None:
    an_escalation(title="a row")

    text = as_alice.get("/queue/", headers=HTMX).content.decode()

    assert "a row" in text
    assert "<html" not in text


@pytest.mark.parametrize(("rows", "fingerprint"), [(1, ""), (60, ""), (60, "orders: timeout")])
def test_the_page_takes_at_most_8_queries_and_loads_no_body(
    as_alice: Client,
    an_escalation: RaiseEscalation,
    django_assert_max_num_queries: object,
    rows: int,
    fingerprint: str,
) -> None:
    for _ in range(rows):
        an_escalation(fingerprint=fingerprint)

    with django_assert_max_num_queries(8) as queries:  # type: ignore[operator]
        as_alice.get("/queue/")

    assert not any('"output"' in query["sql"] for query in queries.captured_queries)
