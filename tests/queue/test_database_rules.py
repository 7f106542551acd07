"""What the database itself refuses, whoever asks."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import Error, IntegrityError, connection, transaction

from escalation.queue.models import Decision, Escalation, Event
from tests.cast import RaiseEscalation

BROKEN = [
    ({"status": "decided"}, "decided_means_one_standing_decision"),
    ({"status": "claimed"}, "claimed_means_somebody_until_some_time"),
    ({"claimed_until": "2030-01-01T00:00Z"}, "claimed_means_somebody_until_some_time"),
    ({"confidence": 1.01}, "an_escalations_confidence_is_a_probability"),
    ({"confidence": float("nan")}, "an_escalations_confidence_is_a_probability"),
]


@pytest.mark.parametrize(("changes", "rule"), BROKEN)
def test_a_state_that_means_nothing_is_refused(
    changes: dict[str, Any], rule: str, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation()

    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        Escalation.objects.filter(pk=escalation.pk).update(**changes)


def test_one_decision_stands_for_one_escalation_only(alice: User, an_escalation: RaiseEscalation) -> None:
    decided, other = an_escalation(), an_escalation()
    decided.claim(alice)
    decision = decided.decide(alice, "accept")

    with pytest.raises(IntegrityError), transaction.atomic():
        Escalation.objects.filter(pk=other.pk).update(status="decided", decision=decision)


@pytest.mark.parametrize(
    ("model", "changes"), [(Event, {"kind": "expired"}), (Decision, {"verdict": "reject"})]
)
def test_what_was_said_is_never_edited(
    model: type[Event] | type[Decision], changes: dict[str, Any], alice: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    with pytest.raises(Error, match="are never edited"), transaction.atomic():
        model._default_manager.update(**changes)


def test_not_even_by_hand(alice: User, an_escalation: RaiseEscalation) -> None:
    an_escalation()

    with pytest.raises(Error, match="never edited"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE queue_event SET at = at - interval '1 day'")
