"""Olga changes a policy, with a reason; nobody else does, and nobody overwrites her."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.gating.models import Agent, Gate, Outcome, Result
from escalation.gating.models.policy import HANDLED
from escalation.queue.models import ReviewQueue


def address(gate: Gate) -> str:
    return f"/admin/gating/gate/{gate.pk}/policy/"


@pytest.fixture
def said(gate: Gate, queue: ReviewQueue) -> dict[str, Any]:
    """The form as it comes when nothing was touched, and a reason was given."""
    return {
        "made_from": 1,
        "threshold": "0.75",
        "audit_rate": "0.0",
        "budget_cost_usd": "0.4",
        "cache_ttl_s": "86400",
        "queue": queue.pk,
        "reason": "because",
        **{f"exit_{reason}_0": "human" for reason in (*HANDLED, "on_timeout")},
    }


def test_a_change_is_a_new_version_by_her(
    gate: Gate, said: dict[str, Any], olga: User, as_olga: Client
) -> None:
    answer = as_olga.post(address(gate), said | {"threshold": "0.6", "budget_turns": "5"})

    policy = gate.policy
    assert policy is not None
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/gating/gate/{gate.pk}/change/")
    assert (policy.version, policy.threshold, policy.author, policy.reason) == (2, 0.6, olga, "because")
    assert policy.budget == {"cost_usd": 0.4, "turns": 5}


def test_the_next_result_meets_the_new_number(gate: Gate, said: dict[str, Any], as_olga: Client) -> None:
    as_olga.post(address(gate), said | {"threshold": "0.6"})

    outcome, _ = Outcome.objects.pass_gate("support-triage", "default", Result("Where?", "There.", 0.62))

    assert (outcome.exit, outcome.policy.version) == ("accepted", 2)


def test_exits_are_kept_in_their_order_without_gaps(
    gate: Gate, said: dict[str, Any], as_olga: Client
) -> None:
    exits = {
        "exit_error_0": "cached",
        "exit_error_1": "",
        "exit_error_2": "default",
        "default_output": '"Later."',
    }

    as_olga.post(address(gate), said | exits)

    policy = gate.policy
    assert policy is not None
    assert (policy.exits["error"], policy.default_output) == (["cached", "default"], "Later.")


def test_the_threshold_goes_there_and_back_to_the_last_bit(
    gate: Gate, said: dict[str, Any], as_olga: Client
) -> None:
    exact = 0.1 + 0.2
    as_olga.post(address(gate), said | {"threshold": repr(exact)})

    page = as_olga.get(address(gate)).content.decode()

    policy = gate.policy
    assert policy is not None
    assert policy.threshold == exact
    assert f'value="{exact!r}"' in page


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"threshold": "1.5"}, "threshold"),
        ({"threshold": "nan"}, "threshold"),
        ({"audit_rate": "-0.1"}, "audit_rate"),
        ({"budget_cost_usd": "-1"}, "budget_cost_usd"),
        ({"budget_turns": "1.5"}, "budget_turns"),
        ({"exit_error_0": "cached"}, "exit_error_0"),
        ({"exit_error_0": ""}, "exit_error_0"),
        ({"exit_error_0": "default"}, "default_output"),
        ({"exit_error_0": "rule:no-such-rule"}, "exit_error_0"),
        ({"default_output": "{"}, "default_output"),
    ],
)
def test_what_cannot_be_meant_is_said_at_its_field(
    changes: dict[str, str], field: str, gate: Gate, said: dict[str, Any], as_olga: Client
) -> None:
    answer = as_olga.post(address(gate), said | changes)

    assert list(answer.context["form"].errors) == [field]
    assert gate.policies.count() == 1


def test_a_change_from_an_overtaken_version_is_refused(
    gate: Gate, said: dict[str, Any], as_olga: Client
) -> None:
    gate.adopt(author=None, reason="meanwhile", threshold=0.9)

    answer = as_olga.post(address(gate), said | {"threshold": "0.1"})

    policy = gate.policy
    assert policy is not None
    assert (policy.version, policy.threshold) == (2, 0.9)
    assert "version 2 was adopted meanwhile" in answer.content.decode()


def test_an_old_version_can_be_copied_into_a_new_one(gate: Gate, as_olga: Client) -> None:
    gate.adopt(author=None, reason="an error of judgement", threshold=0.2)

    form = as_olga.get(address(gate), {"copy": "1"}).context["form"]

    assert (form.initial["threshold"], form.initial["made_from"]) == (0.75, 2)


def test_the_first_policy_of_a_gate_is_written_here(said: dict[str, Any], as_olga: Client) -> None:
    gate = Gate.objects.create(agent=Agent.objects.create(slug="new", name="New"))

    as_olga.post(address(gate), said | {"made_from": 0})

    policy = gate.policy
    assert policy is not None
    assert policy.version == 1


def test_reviewers_change_no_policy(gate: Gate, said: dict[str, Any], as_alice: Client) -> None:
    answer = as_alice.post(address(gate), said)

    assert answer.status_code == 302
    assert "/login/" in answer["Location"]
    assert gate.policies.count() == 1


def test_staff_without_the_permission_change_no_policy(
    gate: Gate, said: dict[str, Any], olga: User, as_olga: Client
) -> None:
    olga.groups.clear()

    answer = as_olga.post(address(gate), said)

    assert (answer.status_code, gate.policies.count()) == (403, 1)


def test_olga_writes_a_category_a_line(gate: Gate, as_olga: Client) -> None:
    form = as_olga.get(f"/admin/gating/gate/{gate.pk}/policy/").context["form"]
    said = {name: "" if (value := form[name].value()) is None else value for name in form.fields}
    said |= {"categories": "refund: 0.95\naddress\nbanking: cards: 0.9\n", "reason": "refunds are dear"}

    as_olga.post(f"/admin/gating/gate/{gate.pk}/policy/", said)

    policy = gate.policy
    assert policy is not None
    assert policy.categories == {"refund": 0.95, "address": None, "banking: cards": 0.9}
    page = as_olga.get(f"/admin/gating/gate/{gate.pk}/policy/").content.decode()
    assert "address\nbanking: cards: 0.9\nrefund: 0.95</textarea>" in page


def test_a_threshold_that_is_no_number_is_said_at_its_field(gate: Gate, as_olga: Client) -> None:
    form = as_olga.get(f"/admin/gating/gate/{gate.pk}/policy/").context["form"]
    said = {name: "" if (value := form[name].value()) is None else value for name in form.fields}

    answer = as_olga.post(
        f"/admin/gating/gate/{gate.pk}/policy/", said | {"categories": "refund: high", "reason": "-"}
    )

    assert "refund: &#x27;high&#x27; is no number from 0 to 1" in answer.content.decode()
