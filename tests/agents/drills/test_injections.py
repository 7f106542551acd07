"""Every failure of the catalogue, injected into the agents that ship, leads to the exit that was declared."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils.timezone import now
from pytest_django import Settings

from agents import Agent, Rehearsal, registry
from agents.drills import begin, give_up, learn_the_code, repeat
from agents.library.document_extraction import document_extraction
from agents.library.support_triage import support_triage
from agents.models import BreakerEvent
from agents.registry import enrol
from agents.run.purse import books_of
from agents.stores.breaker import shared_breakers
from escalation.delivery.models import Delivery
from escalation.gating.catalogue import INJECTIONS
from escalation.gating.models import Drill, FailureMode, Outcome
from escalation.gating.models.drill import PATIENCE
from escalation.invariants import all_invariants
from escalation.queue.models import Escalation
from escalation.stack.demo.cast import DOCUMENT_TERMS, SUPPORT_TERMS
from tests.agents.conftest import Desk
from tests.agents.shop import Shop

pytestmark = pytest.mark.django_db


def rehearsed(desk: Desk, agent: Agent, injection: str, **terms: object) -> Drill:
    """A drill of the agent, to its end; the policy is the demo's unless `terms` say otherwise."""
    demo = SUPPORT_TERMS if agent is support_triage else DOCUMENT_TERMS
    row = enrol(agent)
    gate = row.gates.get()
    gate.adopt(author=None, **(demo | {"queue": desk.queue} | terms))
    return desk.rehearse(agent, injection)


@pytest.mark.parametrize("injection", INJECTIONS)
def test_support_triage_takes_the_declared_exit(injection: str, desk: Desk) -> None:
    drill = rehearsed(desk, support_triage, injection)

    assert (drill.passed, drill.seen_reason) == (True, INJECTIONS[injection].reason), drill.detail


@pytest.mark.parametrize("injection", sorted(set(INJECTIONS) - {"tool-unknown"}))
def test_document_extraction_takes_the_declared_exit(injection: str, desk: Desk) -> None:
    drill = rehearsed(desk, document_extraction, injection)

    assert (drill.passed, drill.seen_reason) == (True, INJECTIONS[injection].reason), drill.detail


@pytest.mark.parametrize("injection", ["low-confidence", "tool-down", "model-down", "tool-unknown"])
def test_a_drill_leaves_no_trace(injection: str, desk: Desk, settings: Settings) -> None:
    settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL = "real", "http://127.0.0.1:1"

    drill = rehearsed(desk, support_triage, injection)

    assert drill.passed
    assert not any(model.objects.exists() for model in (Outcome, Escalation, Delivery, BreakerEvent))
    assert not any(breaker.calls or breaker.failures for breaker in shared_breakers().all())
    assert not desk.api.requests
    assert books_of(f"day:support-triage:{datetime.now(UTC).date()}").spent_micro_usd == 0
    assert [rule.sentence for rule in all_invariants() if rule.breaches()] == []


def test_a_drill_calls_no_tool(desk: Desk, shop: Shop) -> None:
    agent = shop.agent(rehearsal=Rehearsal(task="Where is order 1?", arguments={"look_up": {"order": "1"}}))
    desk.employ(agent, live=False)

    drills = [desk.rehearse(agent, injection) for injection in ("loop", "tool-unknown", "low-confidence")]

    assert [drill.seen_reason for drill in drills] == ["loop_detected", "tool_failed", "low_confidence"]
    assert [shop.looked_up, shop.letters, shop.refunds] == [[], [], []]


def test_what_needs_a_human_is_seen_and_asks_nobody(desk: Desk, shop: Shop) -> None:
    """The refund of the shop needs approval: the drill that breaks it off never gets so far."""
    refund = shop.tools()[1]
    agent = shop.agent(tools=[refund])
    desk.employ(agent, live=False)

    drill = desk.rehearse(agent, "tool-unknown")

    assert (drill.passed, drill.seen_reason, drill.seen_exit) == (False, "approval_required", "human")
    assert not Escalation.objects.exists()


def test_new_code_or_a_new_policy_makes_a_drill_stale(desk: Desk, shop: Shop) -> None:
    agent = shop.agent()
    desk.employ(agent, live=False)
    drill = desk.rehearse(agent, "low-confidence")
    row, mode = drill.agent, drill.failure_mode
    assert mode is not None
    assert row.rehearsed() == {mode.pk: "passed"}

    registry._agents[agent.name] = shop.agent(instructions="You answer customers in verse.")
    learn_the_code()

    row.refresh_from_db()
    assert row.rehearsed() == {mode.pk: "stale"}


def test_live_agents_are_rehearsed_again_when_that_is_due(desk: Desk, shop: Shop) -> None:
    desk.employ(shop.agent())
    assert repeat() == 0
    row = enrol(shop.agent())
    row.gates.get().adopt(author=None, reason="other exits")

    wanted = repeat()

    assert (wanted, repeat()) == (3, 0)


def test_a_drill_that_nobody_ends_is_given_up(desk: Desk, shop: Shop) -> None:
    desk.employ(shop.agent())
    drill = Drill.objects.want(FailureMode.objects.get(injection="model-down"))
    run = begin(drill.pk)
    Drill.objects.filter(pk=drill.pk).update(begun_at=now() - PATIENCE)

    give_up()

    drill.refresh_from_db()
    assert run is not None
    run.refresh_from_db()
    assert (drill.passed, run.state) == (False, "stopped")
