"""What is on record can be read in the admin, and changed by nobody."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client

from agents.models import BreakerEvent
from escalation.delivery.models import Delivery, Endpoint
from escalation.gating.models import Agent, Gate, Outcome, Result
from escalation.queue.models import Escalation
from escalation.tuning.models import Label
from tests.cast import RaiseEscalation

FACTS = [
    "queue/escalation",
    "queue/decision",
    "queue/event",
    "gating/policy",
    "gating/agentevent",
    "gating/outcome",
    "gating/drill",
    "tuning/label",
    "tuning/proposal",
    "tuning/settlement",
    "tuning/gatetarget",
    "tuning/gaterails",
    "tuning/gatecosts",
    "tuning/draft",
    "tuning/calibration",
    "tuning/watch",
    "tuning/alarm",
    "delivery/delivery",
    "delivery/notification",
    "queue/queueevent",
    "queue/check",
    "agents/run",
    "agents/step",
    "agents/toolcall",
    "agents/ledgerentry",
    "agents/breakerevent",
]


@pytest.fixture
def history(gate: Gate, alice: User) -> None:
    """One of everything that the lower layers keep."""
    Endpoint.objects.create(agent=gate.agent, url="https://agent.example/hook")
    result = Result(task="Where?", output={"reply": "<script>alert(1)</script>"}, confidence=0.1)
    escalation = Outcome.objects.pass_gate("support-triage", "default", result)[0].escalation
    assert escalation is not None
    escalation.claim(alice)
    escalation.decide(alice, "reject", note="No.")
    BreakerEvent.objects.create(breaker="orders", before="closed", after="open")


@pytest.mark.parametrize("model", FACTS)
def test_ops_may_read_each_list(model: str, history: None, as_olga: Client) -> None:
    assert as_olga.get(f"/admin/{model}/").status_code == 200


@pytest.mark.parametrize("model", FACTS)
def test_not_even_a_superuser_adds_a_fact(model: str, as_root: Client) -> None:
    assert as_root.post(f"/admin/{model}/add/").status_code == 403


PAGES = [
    ("queue/escalation", Escalation),
    ("gating/outcome", Outcome),
    ("tuning/label", Label),
    ("delivery/delivery", Delivery),
]


@pytest.mark.parametrize(("path", "model"), PAGES)
def test_each_row_has_a_page(path: str, model: type[Label], history: None, as_olga: Client) -> None:
    row = model._default_manager.get()

    assert as_olga.get(f"/admin/{path}/{row.pk}/change/").status_code == 200


@pytest.mark.parametrize(("path", "model"), PAGES)
@pytest.mark.parametrize("act", ["change", "delete"])
def test_not_even_a_superuser_changes_or_deletes_one(
    path: str, model: type[Label], act: str, history: None, as_root: Client
) -> None:
    row = model._default_manager.get()
    before = model._default_manager.values().get()

    answer = as_root.post(
        f"/admin/{path}/{row.pk}/{act}/", {"post": "yes", "title": "Other", "correct": "on"}
    )

    assert answer.status_code == 403
    assert model._default_manager.values().get() == before


def test_no_list_offers_to_delete(history: None, as_root: Client) -> None:
    for model in FACTS:
        assert b"delete_selected" not in as_root.get(f"/admin/{model}/").content


def test_what_an_agent_wrote_is_shown_as_text(history: None, as_olga: Client) -> None:
    page = as_olga.get(f"/admin/queue/escalation/{Escalation.objects.get().pk}/change/").content.decode()

    assert "<script>alert(1)" not in page
    assert "&quot;reply&quot;: &quot;&lt;script&gt;alert(1)&lt;/script&gt;&quot;" in page


def test_secrets_are_in_no_list_and_on_no_delivery(history: None, as_olga: Client) -> None:
    delivery = Delivery.objects.get()
    secret = Endpoint.objects.get().secret

    pages = [
        as_olga.get(path).content.decode()
        for path in (
            "/admin/delivery/endpoint/",
            "/admin/delivery/delivery/",
            f"/admin/delivery/delivery/{delivery.pk}/change/",
        )
    ]

    assert not [page for page in pages if secret in page]


@pytest.mark.parametrize(
    "model", [*FACTS, "gating/gate", "gating/agent", "queue/reviewqueue", "delivery/endpoint"]
)
def test_reviewers_have_no_business_here(model: str, as_alice: Client) -> None:
    assert as_alice.get(f"/admin/{model}/").status_code == 302


def test_every_model_of_ours_is_in_the_admin_or_part_of_another_page() -> None:
    ours = {"queue", "gating", "tuning", "delivery", "agents", "api"}
    registered = {model._meta.label_lower.replace(".", "/") for model in admin.site._registry}

    assert {name for name in registered if name.split("/")[0] in ours} == {
        *FACTS,
        "delivery/channel",
        "gating/agent",
        "gating/gate",
        "queue/reviewqueue",
        "delivery/endpoint",
        "api/token",
    }


def test_members_join_a_queue_on_its_page(
    as_olga: Client, mallory: User, an_escalation: RaiseEscalation
) -> None:
    queue = an_escalation().queue
    members = list(queue.memberships.order_by("pk"))
    form = {
        "slug": queue.slug,
        "name": queue.name,
        "time_zone": "UTC",
        "second_review_share": "0",
        "memberships-TOTAL_FORMS": 3,
        "memberships-INITIAL_FORMS": 2,
        "reason_codes-TOTAL_FORMS": 0,
        "reason_codes-INITIAL_FORMS": 0,
        **{f"memberships-{n}-id": member.pk for n, member in enumerate(members)},
        **{f"memberships-{n}-user": member.user_id for n, member in enumerate(members)},
        **{f"memberships-{n}-role": member.role for n, member in enumerate(members)},
        "memberships-2-user": mallory.pk,
        "memberships-2-role": "viewer",
    }

    as_olga.post(f"/admin/queue/reviewqueue/{queue.pk}/change/", form)

    assert queue.memberships.get(user=mallory).role == "viewer"


def test_an_agents_own_page_does_not_delete_it(agent: Agent, as_root: Client) -> None:
    answer = as_root.post(f"/admin/gating/agent/{agent.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 403
