"""Olga says what holds at a gate: costs, rails, and drafts where two people must see."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from escalation.gating.models import Gate
from escalation.tuning.models import Draft, GateCosts, GateRails, Proposal
from tests.admin.conftest import signed_in
from tests.tuning.seen import decided, seen_enough

COSTS = {"error": "12", "minutes": "3", "minute": "0.5", "delay": "0.1", "reason": "last year's refunds"}
RAILS = {
    "largest_step": "0.1",
    "smallest_evidence": "80",
    "cooling_h": "12",
    "on_alarm": "tell",
    "reason": "-",
}


def page_of(gate: Gate, client: Client, **said: str) -> str:
    return client.get(f"/admin/tuning/label/risk/{gate.pk}/", said).content.decode()


def test_costs_are_said_with_a_reason_and_shown(gate: Gate, alice: User, olga: User, as_olga: Client) -> None:
    seen_enough(gate, alice)

    as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/costs/", COSTS)

    costs = GateCosts.objects.get()
    assert costs.asking == pytest.approx(1.6)
    assert (costs.author, costs.reason) == (olga, "last year's refunds")
    page = page_of(gate, as_olga, threshold="0.3")
    assert "Of bounded risk and least cost" in page
    assert "By Chow&#x27;s rule" in page
    assert '<th scope="row">Cost</th>' in page


def test_the_cost_of_a_replay_is_its_errors_and_its_questions(
    gate: Gate, alice: User, as_olga: Client
) -> None:
    seen_enough(gate, alice)
    as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/costs/", COSTS)

    answer = as_olga.get(f"/admin/tuning/label/risk/{gate.pk}/", {"threshold": "0.3"})

    replayed = answer.context["replayed"]
    assert replayed.in_force.cost.number == 80 * 1.6
    assert replayed.candidate.cost.number == 20 * 12
    assert replayed.in_force.hours.number == 4


def test_a_cost_that_makes_no_sense_is_refused(gate: Gate, as_olga: Client) -> None:
    said = COSTS | {"error": "1"}

    answer = as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/costs/", said, follow=True)

    assert not GateCosts.objects.exists()
    assert "an_error_costs_more_than_asking" in answer.content.decode()


def test_rails_are_a_new_row_each_time(gate: Gate, as_olga: Client) -> None:
    as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/rails/", RAILS | {"auto_apply": "on"})
    as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/rails/", RAILS)

    assert list(GateRails.objects.order_by("id").values_list("auto_apply", flat=True)) == [True, False]
    assert GateRails.objects.of(gate).cooling_h == 12


def test_who_drafts_does_not_put_in_force(gate: Gate, bob: User, as_olga: Client, as_bob: Client) -> None:
    as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/rails/", RAILS | {"four_eyes": "on"})
    said = {"threshold": "0.61", "reason": "swamped", "made_from": "1", "draft": "1"}
    as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/threshold/", said)
    draft = Draft.objects.get()

    as_olga.post(f"/admin/tuning/label/drafts/{draft.pk}/apply/")
    before = gate.policy
    as_bob.post(f"/admin/tuning/label/drafts/{draft.pk}/apply/")

    assert before is not None
    assert gate.policy is not None
    assert (before.version, gate.policy.threshold, gate.policy.author) == (1, 0.61, bob)


def test_the_policy_form_is_no_way_round(gate: Gate, as_olga: Client) -> None:
    as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/rails/", RAILS | {"four_eyes": "on"})
    form = as_olga.get(f"/admin/gating/gate/{gate.pk}/policy/").context["form"]
    said = {name: "" if (value := form[name].value()) is None else value for name in form.fields}

    answer = as_olga.post(
        f"/admin/gating/gate/{gate.pk}/policy/", said | {"threshold": "0.5", "reason": "alone"}
    )

    assert "Two people change a threshold here" in answer.content.decode()
    assert gate.policy is not None
    assert gate.policy.version == 1


@pytest.fixture
def as_bob(bob: User) -> Client:
    """Bob looks after gates as well."""
    bob.is_staff = True
    bob.save()
    bob.groups.add(Group.objects.get(name="ops"))
    return signed_in(bob)


def test_a_second_person_lets_the_rails_hold(gate: Gate, as_olga: Client, as_bob: Client) -> None:
    for said in (RAILS | {"four_eyes": "on"}, RAILS | {"reason": "it is slow"}):
        as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/rails/", said)
    waiting = GateRails.objects.waiting_at(gate)
    assert waiting is not None

    pages = [page_of(gate, client) for client in (as_olga, as_bob)]
    alone = as_olga.post(f"/admin/tuning/label/rails/{waiting.pk}/second/", follow=True).content.decode()
    before = GateRails.objects.of(gate).four_eyes
    as_bob.post(f"/admin/tuning/label/rails/{waiting.pk}/second/")

    assert ["Let that hold from now on</button>" in page for page in pages] == [False, True]
    assert "Four eyes: <del>yes</del> <ins>no</ins>" in pages[1]
    assert "another person does" in alone
    assert (before, GateRails.objects.of(gate).four_eyes) == (True, False)


def test_a_category_has_a_workbench_of_its_own(gate: Gate, alice: User, olga: User, as_olga: Client) -> None:
    gate.adopt(author=None, reason="-", audit_rate=1.0, categories={"refund": None, "address": 0.6})
    decided(0.95, alice, number=250, category="refund")
    decided(0.8, alice, number=20, category="address")

    every, refund = page_of(gate, as_olga), page_of(gate, as_olga, category="refund")
    as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/propose/", {"category": "refund"})
    said = {"threshold": "0.9", "category": "refund", "reason": "dear", "made_from": "2"}
    as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/threshold/", said)

    assert '<a href="?category=refund">refund</a>' in every
    assert "<strong>0.6</strong>" in every
    assert "Only what is about refund, which goes by the threshold of all results" in refund
    assert "<dd>250</dd>" in refund
    assert Proposal.objects.get().category == "refund"
    assert gate.policy is not None
    assert (gate.policy.threshold, gate.policy.categories) == (0.75, {"refund": 0.9, "address": 0.6})


@pytest.mark.parametrize(
    ("said", "replayed"),
    [
        ({"was": "0.75", "slide": "0.6", "threshold": "0.75"}, 0.6),
        ({"was": "0.75", "slide": "0.75", "threshold": "0.5"}, 0.5),
        ({"was": "0.75", "slide": "0.6", "threshold": "0.5"}, 0.5),
    ],
)
def test_without_a_script_the_one_that_was_moved_counts(
    said: dict[str, str], replayed: float, gate: Gate, alice: User, as_olga: Client
) -> None:
    seen_enough(gate, alice)

    answer = as_olga.get(f"/admin/tuning/label/risk/{gate.pk}/", said)

    assert answer.context["what_if"].candidate.threshold == replayed
