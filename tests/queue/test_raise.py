"""An agent, or a gate, puts a question to a human."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from escalation.queue.content import digest
from escalation.queue.exceptions import KeyReused
from escalation.queue.models import Escalation, ReviewQueue
from tests.cast import RaiseEscalation


def test_it_waits_in_its_queue(queue: ReviewQueue, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()

    assert (escalation.status, escalation.queue, escalation.version) == ("waiting", queue, 1)


def test_its_history_begins_with_being_raised_by_nobody(an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()

    assert [(event.kind, event.actor) for event in escalation.events.all()] == [("raised", None)]


def test_without_a_queue_it_goes_to_the_default_one(an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(queue=None)

    assert escalation.queue.slug == "default"


def test_the_same_key_and_body_is_the_same_escalation(an_escalation: RaiseEscalation) -> None:
    first = an_escalation(key="order-7", request_hash="a")

    again, is_new = Escalation.objects.raise_once(
        agent="support-triage", key="order-7", request_hash="a", reason="error", title="Again"
    )

    assert (again.pk, again.title, is_new) == (first.pk, first.title, False)


def test_the_same_key_with_another_body_is_refused(an_escalation: RaiseEscalation) -> None:
    an_escalation(key="order-7", request_hash="a")

    with pytest.raises(KeyReused):
        an_escalation(key="order-7", request_hash="b")

    assert Escalation.objects.count() == 1


def test_another_agents_key_is_another_key(an_escalation: RaiseEscalation) -> None:
    an_escalation(key="order-7", request_hash="a")

    an_escalation(key="order-7", request_hash="b", agent="document-extraction")

    assert Escalation.objects.count() == 2


def test_without_a_key_every_call_is_a_new_escalation(an_escalation: RaiseEscalation) -> None:
    an_escalation()

    an_escalation()

    assert Escalation.objects.count() == 2


def test_a_refused_row_with_a_key_is_not_taken_for_a_replay(an_escalation: RaiseEscalation) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        an_escalation(key="order-7", confidence=1.5)


REFUND = {"name": "refund", "arguments": {"cents": 900}}


@pytest.mark.parametrize(
    ("kind", "facts", "approved"),
    [
        ("result", {"output": {"reply": "Hello"}}, {"reply": "Hello"}),
        (
            "approval",
            {"action": {"name": "refund", "arguments": {"cents": 9}}},
            {"name": "refund", "arguments": {"cents": 9}},
        ),
        ("question", {"question": "Which order?"}, "Which order?"),
    ],
)
def test_what_is_to_be_approved_is_bound_to_its_hash(
    kind: str, facts: dict[str, object], approved: object, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation(kind=kind, **facts)

    assert escalation.content_hash == digest(approved)


def test_a_deadline_comes_from_the_databases_clock(an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(deadline_s=90)

    assert (escalation.deadline_at - escalation.raised_at).total_seconds() == 90


@pytest.mark.parametrize(("deadline_s", "patience_s"), [(None, 3600), (60, 60), (7200, 3600)])
def test_it_is_due_after_its_prioritys_patience_or_at_its_deadline(
    deadline_s: float | None, patience_s: float, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation(priority=Escalation.Priority.HIGH, deadline_s=deadline_s)

    assert (escalation.due_at - escalation.raised_at).total_seconds() == patience_s


def test_only_members_of_its_queue_see_it(alice: User, mallory: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()

    seen = [list(Escalation.objects.visible_to(user)) for user in (alice, mallory)]

    assert seen == [[escalation], []]
