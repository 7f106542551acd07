"""Agents are known by name, and have their row, gate and first policy in the database."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from agents import Agent, Budget, registry
from agents.library.support_triage import support_triage
from agents.registry import UnknownAgent, agent_named, discover, enrol, register
from agents.run.running import start_run
from escalation.gating.models import Agent as AgentRow
from escalation.gating.models import Gate, Policy
from tests.racing import race


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_agents", dict(registry._agents))


def newcomer(**terms: object) -> Agent:
    return Agent(model="claude-haiku-5-5", name="newcomer", **terms)  # type: ignore[arg-type]


def test_the_agents_that_ship_are_known() -> None:
    assert agent_named("support-triage") is support_triage


def test_looking_for_agents_again_finds_the_same() -> None:
    discover()

    assert agent_named("support-triage") is support_triage


def test_an_unknown_name_is_answered_with_the_names_there_are() -> None:
    with pytest.raises(UnknownAgent, match=r"no agent is named 'nobody'; known are: .*support-triage"):
        agent_named("nobody")


def test_two_agents_of_one_name_are_refused() -> None:
    register(newcomer())

    with pytest.raises(ValueError, match="two agents are named 'newcomer': rename one"):
        register(newcomer())


@pytest.mark.django_db
def test_an_enrolled_agent_is_a_draft_under_its_own_terms() -> None:
    row = enrol(newcomer(threshold=0.9, budget=Budget(cost_usd=Decimal("0.10")), max_tokens=500))

    policy = Policy.objects.in_force("newcomer", "default")
    assert (row.state, row.name) == (AgentRow.State.DRAFT, "Newcomer")
    assert (policy.version, policy.threshold, policy.author) == (1, 0.9, None)
    assert Budget.from_mapping(policy.budget) == Budget(cost_usd=Decimal("0.10"), output_tokens=500)


@pytest.mark.django_db
def test_what_ops_have_set_stays(olga: User) -> None:
    row = enrol(newcomer())
    row.gates.get().adopt(author=olga, reason="Too many came through.", threshold=0.99)

    enrol(newcomer(threshold=0.5))

    assert Policy.objects.in_force("newcomer", "default").threshold == 0.99
    assert (AgentRow.objects.count(), Gate.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_an_agent_enrolled_twice_at_once_has_one_policy() -> None:
    agent = newcomer()

    enrolled = race(*[lambda: enrol(agent)] * 4)

    assert {type(row) for row in enrolled} == {AgentRow}
    assert (AgentRow.objects.count(), Policy.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_a_nameless_agent_is_not_for_the_workers() -> None:
    with pytest.raises(ValueError, match="only a named agent can work on the workers"):
        start_run(Agent(model="claude-haiku-5-5"), "Where is order 7?")
