from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.gating.models import Agent, Gate
from escalation.queue.models import Escalation
from escalation.review import line
from tests.cast import RaiseEscalation
from tests.review.test_queue import titles


@pytest.fixture
def a_mixed_line(an_escalation: RaiseEscalation, agent: Agent, bob: User) -> None:
    """Three escalations, each of which differs from the others in all that can be filtered by."""
    Gate.objects.create(agent=agent, slug="refunds")
    an_escalation(title="Late parcel", confidence=0.7, tags=["delivery"], output={"reply": 'He said "no"'})
    an_escalation(title="half a REFUND", confidence=0.3, gate="refunds", partial=True, tags=["refund", "eu"])
    an_escalation(title="broken", confidence=None, task="Où est mon colis ?\nVite").claim(bob)
    Escalation.objects.filter(title="half a REFUND").update(raised_at="2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?gate=refunds", ["half a REFUND"]),
        ("?partial=true", ["half a REFUND"]),
        ("?partial=1", ["half a REFUND"]),
        ("?partial=false", ["Late parcel", "broken"]),
        ("?partial=0", ["Late parcel", "broken"]),
        ("?confidence_min=0.5", ["Late parcel"]),
        ("?confidence_max=0.5", ["half a REFUND"]),
        ("?confidence_min=0.3&confidence_max=0.7", ["Late parcel", "half a REFUND"]),
        ("?age=1d", ["half a REFUND"]),
        ("?tag=eu", ["half a REFUND"]),
        ("?tag=e", []),
        ("?assignee=bob", ["broken"]),
        ("?q=refund", ["half a REFUND"]),
        ("?q=colis", ["broken"]),
        ("?q=%22he said %22no%22", ["Late parcel"]),
        ("?q=%22colis ?%22", ["broken"]),
        ("?q=OÙ vite", ["broken"]),
        ("?q=refund colis", []),
        ("?q=100%25", []),
        ("?q=%22", ["Late parcel", "half a REFUND", "broken"]),
    ],
)
def test_each_filter_keeps_what_it_says(
    as_alice: Client, a_mixed_line: None, query: str, expected: list[str]
) -> None:
    assert titles(as_alice, query) == expected


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?agent=nobody", "Agent: nobody"),
        ("?reason=audit", "Reason: audit"),
        ("?show=everything", "Show: everything"),
        ("?confidence_min=lots", "Confidence from: lots"),
        ("?confidence_max=1.5", "Confidence to: 1.5"),
        ("?confidence_min=NaN", "Confidence from: NaN"),
        ("?assignee=mallory", "Held by: mallory"),
        ("?age=0d", "Age: 0d"),
        ("?colour=red", "colour"),
        ("?q=%00", "Search: "),
        ("?tag=<b>" + "x" * 200, "Tag: &lt;b&gt;xxx"),
    ],
)
def test_a_filter_that_cannot_be_read_is_said_and_narrows_nothing(
    as_alice: Client, mallory: User, a_mixed_line: None, query: str, said: str
) -> None:
    response = as_alice.get(f"/queue/{query}")

    text = response.content.decode()
    assert "narrows nothing here" in text
    assert said in text
    assert len(response.context["list"].escalations) == 3


def test_a_readable_filter_beside_a_garbled_one_still_narrows(as_alice: Client, a_mixed_line: None) -> None:
    assert titles(as_alice, "?tag=eu&priority=high") == ["half a REFUND"]


@pytest.mark.parametrize("query", ["confidence_min=0.9", "confidence_max=1", "show=decided&assignee=bob"])
def test_what_a_blind_check_hides_cannot_be_filtered_for(
    as_alice: Client, an_escalation: RaiseEscalation, bob: User, query: str
) -> None:
    an_escalation(reason="audit", confidence=0.95)
    decided = an_escalation(reason="audit", confidence=0.95)
    decided.claim(bob)
    decided.decide(bob, "accept")

    assert titles(as_alice, f"?{query}") == []


def test_among_the_decided_a_person_is_who_decided(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User, bob: User
) -> None:
    for person in (alice, bob):
        escalation = an_escalation(title=f"{person}'s")
        escalation.claim(person)
        escalation.decide(person, "accept")

    assert titles(as_alice, "?show=decided&assignee=bob") == ["bob's"]


def test_the_filters_in_use_can_be_dropped_one_by_one(as_alice: Client, a_mixed_line: None) -> None:
    text = as_alice.get("/queue/?tag=eu&gate=refunds").content.decode()

    assert 'href="/queue/?gate=refunds"' in text
    assert 'href="/queue/?tag=eu"' in text


@pytest.mark.parametrize("show", ["open", "decided"])
def test_a_filtered_page_looks_a_bounded_way_and_goes_on_from_there(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User, monkeypatch: Any, show: str
) -> None:
    monkeypatch.setattr(line, "REACH", 2)
    for number in range(5):
        escalation = an_escalation(title=f"number {number}", tags=["last"] if number in (0, 4) else [])
        if show == "decided":
            escalation.claim(alice)
            escalation.decide(alice, "accept")
    found, address, pages = [], {"tag": "last", "show": show}, 0

    while pages < 4:
        listed = as_alice.get("/queue/", address).context["list"]
        found += [row.title for row in listed.escalations]
        pages += 1
        if not listed.later:
            break
        address["after"] = listed.later

    assert found == (["number 0", "number 4"] if show == "open" else ["number 4", "number 0"])
    assert pages == 3


def test_a_filtered_page_takes_at_most_8_queries(
    as_alice: Client, a_mixed_line: None, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(8):
        as_alice.get("/queue/?q=parcel&tag=delivery&assignee=bob&gate=default")
