"""What is in force for an agent."""

from __future__ import annotations

from typing import Any

from escalation.gating.models import Agent, Gate, Policy
from tests.api.caller import Caller


def test_an_agent_reads_its_state_its_gates_and_their_policies(
    policy: Policy, agent: Agent, support_triage: Caller, olga: Any
) -> None:
    Gate.objects.create(agent=agent, slug="refund")
    policy.gate.adopt(author=olga, reason="seen enough", threshold=0.8)

    shown = support_triage.get("/agents/support-triage/").json()

    bare, ours = {gate["slug"]: gate["policy"] for gate in shown["gates"]}, shown.pop("gates")
    assert shown == {
        "slug": "support-triage", "name": "Support triage", "state": "live",
        "owner": "Olga", "on_call": "olga",
    }  # fmt: skip
    assert (len(ours), bare["refund"]) == (2, None)
    in_force = bare["default"]
    assert (in_force["version"], in_force["threshold"], in_force["queue"]) == (2, 0.8, "support")
    assert (in_force["author"], in_force["reason"]) == ("olga", "seen enough")
    assert (in_force["budget"], in_force["exits"]["low_confidence"]) == ({"cost_usd": 0.4}, ["human"])


def test_another_agents_is_404(support_triage: Caller, invoices: Caller) -> None:
    answers = [support_triage.get(f"/agents/{slug}/").status_code for slug in ("invoices", "nobody")]

    assert answers == [404, 404]


def test_a_reviewer_reads_those_that_lead_to_their_queues(
    policy: Policy, as_alice: Caller, as_mallory: Caller
) -> None:
    answers = [caller.get("/agents/support-triage/").status_code for caller in (as_alice, as_mallory)]

    assert answers == [200, 404]


def test_a_paused_agent_says_so(agent: Agent, support_triage: Caller) -> None:
    agent.pause(None, "It was wrong all day.")

    assert support_triage.get("/agents/support-triage/").json()["state"] == "paused"
