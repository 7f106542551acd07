"""Olga forces a circuit open or closed, and resets it, under her name and with her reason."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from agents import CircuitOpen, circuit_breaker
from agents.guards.breaker import BreakerPolicy, Mode, Outcome, Report
from agents.models import BreakerEvent
from agents.stores.breaker import Admission, shared_breakers
from escalation.gating.models import Agent

PAGE = "/admin/agents/breakerevent/breakers/"
SET = "/admin/agents/breakerevent/breakers/set/"


@pytest.fixture
def crm(db: None) -> str:
    """A breaker that was asked once, and has one failure in its window."""
    admitted = shared_breakers().acquire("crm", BreakerPolicy())
    assert isinstance(admitted, Admission)
    shared_breakers().report(admitted, Report(Outcome.FAILURE))
    return "crm"


def ask(client: Client, **said: Any) -> str:
    """Press a button on the page; returns the page that follows."""
    form = {"breaker": "crm", "act": "force_open", "reason": "the CRM is being moved"} | said
    return client.post(SET, form, follow=True).text


@pytest.mark.parametrize(
    ("act", "mode"),
    [("force_open", Mode.FORCED_OPEN), ("force_closed", Mode.FORCED_CLOSED), ("reset", Mode.CLOSED)],
)
def test_each_act_holds_and_is_on_record_with_who_and_why(
    act: str, mode: Mode, crm: str, olga: User, as_olga: Client
) -> None:
    page = ask(as_olga, act=act)

    event = BreakerEvent.objects.get()
    assert shared_breakers().snapshot(crm).mode is mode
    assert (event.breaker, event.before, event.after) == ("crm", "closed", mode)
    assert (event.actor, event.reason) == (olga, "the CRM is being moved")
    assert f"Done: crm is {mode.replace('_', ' ')}." in page


def test_what_is_forced_open_is_not_called(crm: str, as_olga: Client) -> None:
    called: list[int] = []
    guarded = circuit_breaker(name=crm)(called.append)
    ask(as_olga, act="force_open")

    with pytest.raises(CircuitOpen, match="until it is reset by hand"):
        guarded(7)

    assert called == []


def test_a_reset_lets_calls_through_again(crm: str, as_olga: Client) -> None:
    ask(as_olga, act="force_open")

    ask(as_olga, act="reset", reason="it is moved")

    assert isinstance(shared_breakers().acquire(crm, BreakerPolicy()), Admission)


def test_a_forced_breaker_stays_forced_over_a_redis_that_forgets(
    crm: str, as_olga: Client, redis_client: Any
) -> None:
    ask(as_olga, act="force_open")

    redis_client.flushdb()

    assert shared_breakers().snapshot(crm).mode is Mode.FORCED_OPEN
    assert BreakerEvent.objects.count() == 1


def test_a_reset_one_is_not_forced_again_after_that(crm: str, as_olga: Client, redis_client: Any) -> None:
    ask(as_olga, act="force_open")
    redis_client.flushdb()
    ask(as_olga, act="reset")

    redis_client.flushdb()

    assert shared_breakers().snapshot(crm).mode is Mode.CLOSED


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"reason": " "}, "This field is required."),
        ({"act": "explode"}, "explode is not one of the available choices"),
        ({"breaker": "nobody-asked"}, "There is no breaker nobody-asked."),
    ],
)
def test_what_is_not_said_properly_changes_nothing(
    said: dict[str, str], complaint: str, crm: str, as_olga: Client
) -> None:
    page = ask(as_olga, **said)

    assert complaint in page
    assert not BreakerEvent.objects.exists()
    assert shared_breakers().snapshot(crm).mode is Mode.CLOSED


def test_a_link_changes_nothing(crm: str, as_olga: Client) -> None:
    assert as_olga.get(SET).status_code == 405


def test_a_post_from_elsewhere_changes_nothing(crm: str, olga: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(olga)

    answer = client.post(SET, {"breaker": crm, "act": "force_open", "reason": "x"})

    assert answer.status_code == 403
    assert shared_breakers().snapshot(crm).mode is Mode.CLOSED


def test_who_may_only_look_gets_no_buttons_and_sets_nothing(crm: str, olga: User, as_olga: Client) -> None:
    olga.groups.get().permissions.remove(*olga.groups.get().permissions.filter(codename="add_breakerevent"))

    page = as_olga.get(PAGE)
    answer = as_olga.post(SET, {"breaker": crm, "act": "force_open", "reason": "x"})

    assert (page.status_code, answer.status_code) == (200, 403)
    assert "Force open" not in page.text
    assert shared_breakers().snapshot(crm).mode is Mode.CLOSED


def test_reviewers_have_no_business_here(crm: str, as_alice: Client) -> None:
    answers = [as_alice.get(PAGE), as_alice.post(SET, {"breaker": crm, "act": "reset", "reason": "x"})]

    assert [answer.status_code for answer in answers] == [302, 302]


def test_the_page_shows_each_state_its_counts_and_its_last_changes(crm: str, as_olga: Client) -> None:
    quick = BreakerPolicy(failure_threshold=1)
    admitted = shared_breakers().acquire("erp", quick)
    assert isinstance(admitted, Admission)
    shared_breakers().report(admitted, Report(Outcome.FAILURE))
    ask(as_olga, breaker="crm", act="force_closed", reason="<b>we know</b>")

    page = as_olga.get(PAGE).text

    forced, opened = page.split('id="breaker-crm"')[1].split('id="breaker-erp"')
    assert "forced closed" in forced
    assert "a person forced it, until it is reset" in forced
    assert "&lt;b&gt;we know&lt;/b&gt;" in forced
    assert "olga" in forced
    assert "Open until" in opened
    assert "consecutive failures" in opened
    assert "itself" in opened


def test_it_lists_the_tools_and_the_model_of_every_agent_before_their_first_call(
    agent: Agent, as_olga: Client
) -> None:
    page = as_olga.get(PAGE).text

    assert agent.slug == "support-triage"
    assert "model:claude-haiku-5-5" in page
    assert page.count('id="breaker-tool') >= 2


def test_the_events_lead_to_it(as_olga: Client) -> None:
    assert f'href="{PAGE}"' in as_olga.get("/admin/agents/breakerevent/").text


def test_without_redis_it_says_so_and_offers_nothing(crm: str, as_olga: Client, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    BreakerEvent.objects.create(breaker=crm, before="closed", after="open")

    page = as_olga.get(PAGE).text
    after = ask(as_olga, act="force_open")

    assert "Redis does not answer." in page
    assert "Force open" not in page
    assert "crm was not set to forced_open" in after
    assert not BreakerEvent.objects.filter(after="forced_open").exists()
