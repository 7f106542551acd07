"""A gate's page says what is in force, and how it came to be."""

from django.contrib.auth.models import User
from django.test import Client

from escalation.gating.changes import Change, changes
from escalation.gating.models import Agent, Gate


def test_it_shows_the_policy_in_force_and_its_history(gate: Gate, olga: User, as_olga: Client) -> None:
    gate.adopt(author=olga, reason="reviewers were swamped", threshold=0.6)

    answer = as_olga.get(f"/admin/gating/gate/{gate.pk}/change/")

    page = answer.content.decode()
    assert "In force: version 2" in page
    assert "reviewers were swamped" in page
    assert [step["policy"].version for step in answer.context["versions"]] == [2, 1]
    assert answer.context["versions"][0]["changes"] == [Change("threshold", "0.75", "0.6")]


def test_a_gate_without_a_policy_asks_for_one(as_olga: Client) -> None:
    gate = Gate.objects.create(agent=Agent.objects.create(slug="new", name="New"))

    page = as_olga.get(f"/admin/gating/gate/{gate.pk}/change/").content.decode()

    assert "No policy is in force" in page


def test_a_new_gate_leads_to_its_first_policy(agent: Agent, as_olga: Client) -> None:
    answer = as_olga.post("/admin/gating/gate/add/", {"agent": agent.pk, "slug": "refunds"})

    gate = Gate.objects.get(slug="refunds")
    assert answer["Location"] == f"/admin/gating/gate/{gate.pk}/policy/"


def test_a_gate_is_not_renamed(gate: Gate, as_root: Client) -> None:
    answer = as_root.post(f"/admin/gating/gate/{gate.pk}/change/", {"agent": gate.agent_id, "slug": "other"})

    assert answer.status_code == 403
    assert Gate.objects.get().slug == "default"


def test_the_list_and_the_start_page_name_every_gate(gate: Gate, as_olga: Client) -> None:
    for path in ("/admin/", "/admin/gating/gate/"):
        page = as_olga.get(path).content.decode()
        assert "support-triage/default" in page
        assert "0.75" in page


def test_tables_are_compared_row_by_row() -> None:
    before = {"threshold": 0.5, "budget": {"turns": 5, "cost_usd": 1}, "exits": {"error": ["human"]}}
    after = {"threshold": 0.5, "budget": {"cost_usd": 2}, "exits": {"error": ["cached", "human"]}}

    found = changes(before, after)

    assert found == [
        Change("budget: cost usd", "1", "2"),
        Change("budget: turns", "5", ""),
        Change("exits: error", "human", "cached, then human"),
    ]


def test_a_threshold_that_accepts_nothing_is_called_so() -> None:
    before = {"threshold": 0.5, "categories": {"refund": None}}
    after = {"threshold": 2.0, "categories": {"refund": 2.0}}

    found = changes(before, after)

    assert found == [
        Change("threshold", "0.5", "accepts nothing"),
        Change("categories: refund", "", "accepts nothing"),
    ]
