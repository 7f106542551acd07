"""Who looks at an agent sees where its results go, which way is a hole, and what each exit did last week."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils.timezone import now
from pytest_django.fixtures import DjangoAssertNumQueries

from escalation.gating.exit_map import Way, exit_map, taken_lately
from escalation.gating.models import Agent, Gate, Outcome, Result
from escalation.gating.models.policy import all_to_a_human
from escalation.review.insights.models import DailyCount


@pytest.fixture
def as_olga(olga: User) -> Client:
    client = Client()
    client.force_login(olga)
    return client


@pytest.fixture(autouse=True)
def _a_week(gate: Gate) -> None:
    exits = all_to_a_human() | {"low_confidence": ["cached", "default"]}
    gate.adopt(author=None, reason="to see", exits=exits, default_output={"reply": "Later."})
    for confidence in (0.9, 0.8, 0.2):
        Outcome.objects.pass_gate("support-triage", "default", Result("task", {"reply": "Hm."}, confidence))
    DailyCount.objects.count_on(now().date())


def test_the_map_has_every_reason_with_its_exits_and_what_they_did(gate: Gate) -> None:
    (found,) = exit_map(gate.agent.plan(), taken_lately([gate.agent]))

    (low,) = [way for way in found.ways if way.reason == "low_confidence"]
    assert (low.handlers, dict(low.taken), low.is_hole) == (["cached", "default"], {"cached": 1}, False)
    assert (found.passed, found.degraded, found.hole_count, len(found.ways)) == (3, 1, 0, 14)


@pytest.mark.parametrize("handlers", [[], ["cached"], ["fax", "human"]])
def test_a_way_that_leads_nowhere_is_a_hole(handlers: list[str]) -> None:
    assert Way("error", "Error", handlers, {}).is_hole


def test_a_gate_without_a_policy_is_nothing_but_holes(as_olga: Client) -> None:
    Gate.objects.create(agent=Agent.objects.create(slug="new", name="New"))

    page = as_olga.get("/agents/new/").content.decode()

    assert "It has no policy: no result can pass here." in page


def test_reviewers_see_the_agents_whose_results_come_to_them(as_alice: Client, as_mallory: Client) -> None:
    mine, no_business = as_alice.get("/agents/support-triage/"), as_mallory.get("/agents/support-triage/")

    assert (mine.status_code, no_business.status_code) == (200, 404)
    assert "1 cached" in mine.content.decode()
    assert "Support triage" in as_alice.get("/agents/").content.decode()
    assert "Support triage" not in as_mallory.get("/agents/").content.decode()


def test_many_agents_take_no_more_statements_than_one(
    as_alice: Client, gate: Gate, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    exits = all_to_a_human()
    queue = gate.policies.latest("version").queue
    for slug in ("invoice-reader", "address-checker"):
        other = Gate.objects.create(agent=Agent.objects.create(slug=slug, name=slug))
        other.adopt(author=None, reason="to see", threshold=0.8, exits=exits, queue=queue)

    for page in ("/agents/", "/agents/support-triage/"):
        with django_assert_max_num_queries(8):
            answer = as_alice.get(page)
        assert answer.status_code == 200
    assert "address-checker" in as_alice.get("/agents/").content.decode()


def test_only_ops_are_led_to_where_it_is_changed(as_alice: Client, as_olga: Client) -> None:
    pages = [client.get("/agents/support-triage/").content.decode() for client in (as_alice, as_olga)]

    assert ["/pre-mortem/" in page for page in pages] == [False, True]


def test_the_command_draws_it_for_the_agents_own_documents(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("exit_map", "support-triage")

    text = capsys.readouterr().out
    assert "| low_confidence | cached → default | cached 1 |" in text
    assert "flowchart LR" in text
