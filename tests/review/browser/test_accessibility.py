"""axe-core finds nothing, in light and in dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from django.contrib.auth.models import User
from django.utils.timezone import now
from playwright.sync_api import Page

from escalation.api.models import Token
from escalation.delivery.models import Channel
from escalation.gating.models import Agent, Outcome, Policy, Result
from escalation.review.insights.models import DailyCount
from tests.cast import RaiseEscalation
from tests.review.browser.conftest import SitDown

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text()
SCHEMES = ["light", "dark"]
STEP = {"kind": "tool", "name": "track", "seconds": 5, "input": {"a": 1}, "error": "timed out", "tokens": 10}
RICH: dict[str, Any] = {
    "output": "# A reply\n\n- with a [link](https://docs.example/) and `code`\n\n|a|b|\n|-|-|\n|1|2|",
    "explanation": "My *own* words.",
    "trace": [STEP, STEP | {"error": ""}],
    "evidence": [{"title": "Policy", "text": "A rule.", "url": "https://docs.example/"}],
    "usage": {"cost_usd": 0.4, "turns": 6},
    "tags": ["delivery"],
    "policy_version": 1,
}
KINDS: dict[str, dict[str, Any]] = {
    "result": RICH,
    "partial": RICH | {"partial": True, "reason": "budget_exhausted", "completed": ["a"], "missing": ["b"]},
    "fields": {"output": {"total": 1, "note": "x" * 100, "parts": [1, 2], "none": None}},
    "table": {"output": [{"item": "hinge", "count": 2}]},
    "approval": {
        "kind": "approval",
        "reason": "approval_required",
        "action": {"name": "refund", "arguments": {"a": 1}},
    },
    "question": {"kind": "question", "reason": "input_requested", "question": "Which?", "output": None},
    "blind": {"reason": "audit"},
    "hidden": {"title": "a\u202eb", "output": "c\u200bd"},
}


def violations(page: Page) -> list[str]:
    # Evaluated by the debugger, so the Content-Security-Policy of the page stays in force.
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_sign_in_page_has_no_violations(
    sit_down: SitDown, alice: User, scheme: Literal["light", "dark"]
) -> None:
    desk = sit_down("alice", scheme)
    desk.page.context.clear_cookies()

    desk.open("/login/")

    assert violations(desk.page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_queue_has_no_violations(
    sit_down: SitDown, an_escalation: RaiseEscalation, bob: User, scheme: Literal["light", "dark"]
) -> None:
    for facts in KINDS.values():
        an_escalation(**facts)
    an_escalation(priority=3, deadline_s=60).claim(bob)

    desk = sit_down("alice", scheme)

    assert violations(desk.page) == []


@pytest.mark.parametrize("query", ["", "?reason=tool_failed", "?show=decided"])
def test_the_empty_queue_has_no_violations(sit_down: SitDown, queue: object, query: str) -> None:
    desk = sit_down("alice")

    desk.open(f"/queue/{query}")

    assert violations(desk.page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", KINDS)
def test_an_escalation_has_no_violations(
    sit_down: SitDown,
    policy: Policy,
    an_escalation: RaiseEscalation,
    alice: User,
    kind: str,
    scheme: Literal["light", "dark"],
) -> None:
    escalation = an_escalation(**KINDS[kind])
    escalation.claim(alice)
    desk = sit_down("alice", scheme)

    desk.open(f"/escalations/{escalation.pk}/")
    desk.unfold()

    assert violations(desk.page) == []


def test_what_somebody_else_holds_or_said_has_no_violations(
    sit_down: SitDown, an_escalation: RaiseEscalation, bob: User
) -> None:
    held, said = an_escalation(), an_escalation(output="x")
    for escalation in (held, said):
        escalation.claim(bob)
    said.decide(bob, "edit", output="y", note="better")
    desk = sit_down("alice")

    for escalation in (held, said):
        desk.open(f"/escalations/{escalation.pk}/")
        assert violations(desk.page) == []


def test_the_sheet_of_keys_has_no_violations(sit_down: SitDown, queue: object) -> None:
    desk = sit_down("alice")

    desk.press("?")

    assert violations(desk.page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_account_has_no_violations_and_fits_on_a_phone(
    sit_down: SitDown, alice: User, scheme: Literal["light", "dark"]
) -> None:
    Token.objects.issue(reviewer=alice, scopes=["review"], name="nightly")
    Channel.objects.create(user=alice, kind="webhook", address="https://hooks.example/" + "x" * 80)
    desk = sit_down("alice", scheme)
    desk.page.set_viewport_size({"width": 360, "height": 800})

    for path in ("/account/", "/account/second-factor/", "/account/password/"):
        desk.open(path)
        desk.unfold()

        assert violations(desk.page) == []
        assert desk.page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_insights_page_has_no_violations(
    sit_down: SitDown, alice: User, an_escalation: RaiseEscalation, scheme: Literal["light", "dark"]
) -> None:
    an_escalation().claim(alice)
    DailyCount.objects.count_on(now().date())
    desk = sit_down("alice", scheme)

    desk.open("/insights/?days=7")
    desk.unfold()

    assert violations(desk.page) == []


@pytest.mark.parametrize("path", ["/agents/", "/agents/support-triage/"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_agents_have_no_violations(
    sit_down: SitDown, policy: Policy, olga: User, path: str, scheme: Literal["light", "dark"]
) -> None:
    Agent.objects.create(slug="new", name="New").gates.create(slug="default")
    low = Result(task="Where is it?", output={"reply": "Hm."}, confidence=0.1)
    Outcome.objects.pass_gate("support-triage", "default", low)
    desk = sit_down("olga", scheme)

    desk.open(path)

    assert violations(desk.page) == []


def test_the_page_of_a_pre_mortem_has_no_violations_of_ours(
    sit_down: SitDown, policy: Policy, olga: User
) -> None:
    desk = sit_down("olga")

    desk.open(f"/admin/gating/agent/{policy.gate.agent_id}/pre-mortem/")

    assert violations(desk.page) == []
