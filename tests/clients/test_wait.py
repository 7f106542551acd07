"""Waiting for a human outlives polls, lost connections and servers that are away."""

from __future__ import annotations

import threading
import time

import pytest
from django.contrib.auth.models import User
from django.db import connection
from otherwise_client import NotAccepted, NotFound, Otherwise, StillWaiting

from escalation.gating.models import Outcome
from escalation.queue.models import Escalation
from tests.clients.conftest import DecideSoon, decide_the_newest
from tests.clients.front import Front, Own


def test_there_is_no_waiting_for_what_is_settled(support_triage: Otherwise, alice: User) -> None:
    raised = support_triage.escalate("low_confidence", "Late", output="yes")
    decide_the_newest(alice, "accept")
    began = time.monotonic()

    settled = support_triage.wait(raised.id)

    assert (settled.value, time.monotonic() - began < 60) == ("yes", True)


@pytest.mark.parametrize("timeout_s", [0, 0.3, 1.4])
def test_when_the_time_is_over_it_says_so(support_triage: Otherwise, timeout_s: float) -> None:
    raised = support_triage.escalate("low_confidence", "Late")
    began = time.monotonic()

    with pytest.raises(TimeoutError) as late:
        support_triage.wait(raised.id, timeout_s)

    assert isinstance(late.value, StillWaiting)
    assert (late.value.escalation.id, late.value.escalation.status) == (raised.id, "waiting")
    assert timeout_s <= time.monotonic() - began < timeout_s + 60


def test_it_outlives_a_server_that_comes_and_goes(
    front: Front, via_front: Otherwise, decide_soon: DecideSoon
) -> None:
    raised = via_front.escalate("low_confidence", "Late", output="yes")
    away = Own(503, {"Retry-After": "0"})
    front.script = [None, "unreached", away, "lost", Own(429)]
    decide_soon("accept")

    settled = via_front.wait(raised.id, timeout_s=120)

    assert (settled.value, front.script) == ("yes", [])


def test_a_server_that_stays_away_ends_with_the_time(front: Front, via_front: Otherwise) -> None:
    raised = via_front.escalate("low_confidence", "Late")
    front.script = [None]
    front.script += ["unreached"] * 100
    began = time.monotonic()

    with pytest.raises(StillWaiting) as late:
        via_front.wait(raised.id, timeout_s=2.5)

    assert late.value.escalation.status == "waiting"
    assert 1 < time.monotonic() - began < 60
    assert len(front.seen) > 4


def test_a_withdrawal_ends_it(support_triage: Otherwise) -> None:
    raised = support_triage.escalate("low_confidence", "Late")

    def withdraw() -> None:
        Escalation.objects.get().withdraw()
        connection.close()

    withdrawal = threading.Timer(0.5, withdraw)
    withdrawal.start()

    settled = support_triage.wait(raised.id, timeout_s=120)

    withdrawal.join()
    assert (settled.status, settled.value) == ("withdrawn", None)


def test_after_the_deadline_the_exit_that_was_named_holds(support_triage: Otherwise) -> None:
    raised = support_triage.escalate(
        "low_confidence", "Late", deadline_s=1, on_timeout={"handler": "default", "output": "Sorry."}
    )
    time.sleep(1.1)
    Escalation.objects.expire_overdue()

    settled = support_triage.wait(raised.id)

    assert (settled.status, settled.was_accepted, settled.value) == ("expired", True, "Sorry.")


def test_after_the_deadline_there_may_be_nothing_to_go_on_with(
    support_triage: Otherwise,
) -> None:
    outcome = support_triage.gate("2 + 2", 5, confidence=0.1)
    Escalation.objects.update(deadline_at=Outcome.objects.get().passed_at)
    Escalation.objects.expire_overdue()

    with pytest.raises(NotAccepted, match="expired"):
        support_triage.settle(outcome)


def test_nobody_waits_for_what_does_not_exist(support_triage: Otherwise) -> None:
    with pytest.raises(NotFound):
        support_triage.wait(9999)
