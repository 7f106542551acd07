"""`manage.py redeliver` sends what is dead again."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from escalation.delivery.models import Delivery, Endpoint
from escalation.delivery.tasks import send_delivery
from tests.delivery.conftest import DecideAndEnqueue
from tests.delivery.receiver import Receiver


def redeliver(*arguments: str) -> int:
    printed = StringIO()
    call_command("redeliver", *arguments, stdout=printed)
    return int(printed.getvalue())


def hours_ago(hours: float) -> str:
    return (now() - timedelta(hours=hours)).isoformat()


@pytest.fixture
def dead(endpoint: Endpoint, a_delivery: DecideAndEnqueue) -> list[Delivery]:
    """Four, of the last four hours, the oldest first."""
    rows = [a_delivery() for _ in range(4)]
    for age, row in zip((4, 3, 2, 1), rows, strict=True):
        Delivery.objects.filter(pk=row.pk).update(created_at=now() - timedelta(hours=age))
    Delivery.objects.update(status="dead", attempts=9, last_answer="HTTP 500")
    return rows


def test_a_span_of_time_goes_out_again_with_the_same_ids(dead: list[Delivery], receiver: Receiver) -> None:
    count = redeliver("--since", hours_ago(3.5), "--until", hours_ago(1.5))

    for row in dead:
        send_delivery(row.pk)
    sent = {message.headers["webhook-id"] for message in receiver.messages}
    assert count == 2
    assert sent == {f"msg_{row.message_id.hex}" for row in dead[1:3]}


def test_what_was_delivered_goes_out_again_only_when_asked_for(dead: list[Delivery]) -> None:
    Delivery.objects.filter(pk=dead[0].pk).update(status="delivered", delivered_at=now())

    counts = [redeliver("--since", hours_ago(5)), redeliver("--since", hours_ago(5), "--delivered-too")]

    assert counts == [3, 1]


def test_only_what_an_agent_was_to_be_told(dead: list[Delivery]) -> None:
    assert redeliver("--since", hours_ago(5), "--agent", "support-triage") == 4


def test_what_was_taken_back_never_leaves(dead: list[Delivery]) -> None:
    Delivery.objects.update(status="cancelled", attempts=0)

    assert redeliver("--since", hours_ago(5), "--delivered-too") == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--since", "yesterday"], "'yesterday' is no time"),
        (["--since", "2027-02-30T10:00"], "is no time"),
        (["--since", "2027-01-01T10:00", "--agent", "nobody"], "There is no agent 'nobody'"),
    ],
)
def test_a_mistake_is_said(db: None, arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        redeliver(*arguments)
