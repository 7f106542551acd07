"""Labels page by page, each for those whose it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from escalation.gating.models import Outcome, Policy, Result
from escalation.queue.models import Escalation, Membership, ReviewQueue
from tests.api.caller import BASE, Caller
from tests.api.labelling import LabelOne
from tests.cast import PASSWORD, RaiseEscalation

COLUMNS = [
    "id", "agent", "gate", "policy_version", "confidence_raw", "confidence", "threshold", "correct", "weight",
    "inclusion_probability", "source", "verdict", "task", "output", "corrected_output", "reason_code",
    "reviewer", "decided_at",
]  # fmt: skip


def test_a_label_says_what_the_human_said_and_of_what(tuner: Caller, label_one: LabelOne) -> None:
    label = label_one("edit", {"output": {"reply": "On Friday."}, "reason_code": "wrong_date"})

    answer = tuner.get("/labels/")

    (shown,) = answer.json()["results"]
    columns, decided_at = list(shown), shown.pop("decided_at")
    assert shown == {
        "id": label.pk,
        "agent": "support-triage",
        "gate": "default",
        "policy_version": 1,
        "confidence_raw": 0.62,
        "confidence": 0.62,
        "threshold": 0.75,
        "correct": False,
        "weight": 1.0,
        "inclusion_probability": 1.0,
        "source": "escalated",
        "verdict": "edit",
        "task": {"message": "Where is my order?"},
        "output": {"reply": "It is on its way."},
        "corrected_output": {"reply": "On Friday."},
        "reason_code": "wrong_date",
        "reviewer": "alice",
    }
    assert columns == COLUMNS
    assert decided_at.startswith(label.decision.decided_at.isoformat()[:19])


@pytest.mark.parametrize(
    ("verdict", "said", "corrected"),
    [
        ("accept", {}, None),
        ("reject", {}, None),
        ("edit", {"output": {"reply": "No."}}, {"reply": "No."}),
        ("answer", {"answer": ["No.", 7, None]}, ["No.", 7, None]),
    ],
)
def test_only_what_a_human_wrote_corrects_an_output(
    tuner: Caller, label_one: LabelOne, verdict: str, said: dict[str, Any], corrected: Any
) -> None:
    label_one(verdict, said)

    shown = tuner.get("/labels/").json()["results"][0]

    assert (shown["verdict"], shown["corrected_output"]) == (verdict, corrected)


def test_an_audits_label_weighs_what_its_draw_was_worth(
    policy: Policy, tuner: Caller, alice: User, settings: Any
) -> None:
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0
    policy.gate.adopt(author=None, reason="audit every one", audit_rate=1.0)
    outcome, _ = Outcome.objects.pass_gate("support-triage", "default", Result("2 + 2", 4, 0.9))
    Outcome.objects.filter(pk=outcome.pk).update(audit_rate=0.25)
    audit = Escalation.objects.get()
    audit.claim(alice)
    audit.decide(alice, "accept")

    shown = tuner.get("/labels/").json()["results"][0]

    assert (shown["source"], shown["inclusion_probability"], shown["weight"]) == ("audit", 0.25, 4.0)


def test_what_can_still_be_undone_is_no_label_yet(
    tuner: Caller, an_escalation: RaiseEscalation, alice: User, settings: Any
) -> None:
    settings.UNDO_WINDOW = timedelta(hours=1)
    escalation = an_escalation()
    escalation.claim(alice)

    escalation.decide(alice, "accept")

    assert tuner.get("/labels/").json()["results"] == []


def test_an_agent_sees_its_own_and_a_reviewer_those_of_their_queues(
    tuner: Caller, alice_tuning: Caller, label_one: LabelOne, alice: User
) -> None:
    elsewhere = ReviewQueue.objects.create(slug="elsewhere", name="Elsewhere")
    hers = Membership.objects.create(queue=elsewhere, user=alice)
    own = label_one().pk
    other = label_one(agent="invoices").pk
    far = label_one(agent="invoices", queue=elsewhere).pk
    hers.delete()

    seen = [
        [label["id"] for label in caller.get("/labels/").json()["results"]]
        for caller in (tuner, alice_tuning)
    ]

    assert seen == [[own], [other, own]]
    assert far not in seen[1]


def test_mallory_sees_nothing(as_mallory: Caller, mallory: User, label_one: LabelOne) -> None:
    label_one()
    browser = Client()
    browser.login(username="mallory", password=PASSWORD)

    answer: Any = browser.get(f"{BASE}/labels/")

    assert (answer.status_code, answer.json()["results"]) == (200, [])
    assert as_mallory.get("/labels/").status_code == 403


def test_it_needs_the_scope(support_triage: Caller) -> None:
    assert [support_triage.get(path).status_code for path in ("/labels/", "/labels/export/")] == [403, 403]


def test_pages_hold_together(tuner: Caller, label_one: LabelOne) -> None:
    newest_first = [label_one().pk for _ in range(5)][::-1]

    first = tuner.get("/labels/", limit=2, total="1").json()
    cursor = first["next"].partition("cursor=")[2]
    second = tuner.get("/labels/", limit=2, cursor=cursor).json()
    back = tuner.get("/labels/", limit=2, cursor=second["previous"].partition("cursor=")[2]).json()

    assert [label["id"] for label in first["results"] + second["results"]] == newest_first[:4]
    assert (first["total"], first["previous"], back["results"]) == (5, None, first["results"])


def test_they_are_chosen_by_gate_and_time(tuner: Caller, label_one: LabelOne) -> None:
    old, new = label_one(), label_one(gate="refund")
    _decide_days_ago(old.decision_id, 3)
    day_ago = (new.decision.decided_at - timedelta(days=1)).isoformat()

    by_gate = tuner.get("/labels/", gate="default").json()["results"]
    by_time = tuner.get("/labels/", since=day_ago).json()["results"]

    assert [[label["id"] for label in found] for found in (by_gate, by_time)] == [[old.pk], [new.pk]]


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_ends_of_time_are_moments_too(tuner: Caller, label_one: LabelOne, since: str) -> None:
    label_one()

    answer = tuner.get("/labels/", since=since)

    assert (answer.status_code, len(answer.json()["results"])) == (200, 1 if since < "2" else 0)


@pytest.mark.parametrize("days", range(12))
def test_bisection_finds_what_looking_at_each_would_find(
    tuner: Caller, label_one: LabelOne, days: int
) -> None:
    labels = [label_one() for _ in range(9)]
    for number, label in enumerate(labels):
        _decide_days_ago(label.decision_id, 10 - number)
    labels[4].delete()
    since = now() - timedelta(days=days, hours=-1)

    found = tuner.get("/labels/", since=since.isoformat()).json()["results"]

    wanted = [label.pk for number, label in enumerate(labels) if 10 - number < days and number != 4]
    assert [label["id"] for label in found] == wanted[::-1]


def _decide_days_ago(decision: int, days: int) -> None:
    """As if it had been then: no code of the product can do that, and the trigger refuses to."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE queue_decision DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE queue_decision SET decided_at = decided_at - make_interval(days => %s) WHERE id = %s",
            [days, decision],
        )
        cursor.execute("ALTER TABLE queue_decision ENABLE TRIGGER USER")
