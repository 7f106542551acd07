"""A host whose clock is wrong: leases, deadlines and undo windows go by the database's clock."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from escalation.queue.models import Escalation
from tests.agents.programs import on_these_servers
from tests.cast import RaiseEscalation

pytestmark = pytest.mark.django_db(transaction=True)

BOB_ELSEWHERE = """
import json
from django.contrib.auth.models import User
from escalation.delivery.models import Delivery
from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models import Escalation

bob = User.objects.get(username="bob")
expired = Escalation.objects.expire_overdue()
try:
    Escalation.objects.get(title="held").claim(bob)
    refused = False
except TransitionRefused:
    refused = True
Escalation.objects.get(title="free").claim(bob)
print(json.dumps([expired, refused, len(Delivery.objects.first_due(limit=9))]))
"""


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_an_hour_ahead_or_behind_it_moves_what_any_host_would(
    seconds: int, alice: User, bob: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    settings.UNDO_WINDOW = timedelta(minutes=10)
    overdue, patient = an_escalation(deadline_s=0), an_escalation(deadline_s=600)
    an_escalation(title="held").claim(alice)
    decided = an_escalation(callback_url="https://agent.example/told")
    decided.claim(alice)
    decided.decide(alice, "accept")
    free = an_escalation(title="free")

    said = elsewhere(seconds, BOB_ELSEWHERE)

    assert said == [1, True, 0]
    statuses = dict(Escalation.objects.values_list("pk", "status"))
    assert (statuses[overdue.pk], statuses[patient.pk]) == ("expired", "waiting")
    free.refresh_from_db()
    claimed = free.events.get(kind="claimed")
    assert free.claimed_until is not None
    assert abs(free.claimed_until - claimed.at - settings.CLAIM_LEASE) < timedelta(seconds=30)


def elsewhere(seconds: int, program: str) -> Any:
    """What a program prints on a host whose clock is so many seconds ahead."""
    command = [sys.executable, "-m", "tests.queue.elsewhere", str(seconds)]
    done = subprocess.run(
        command, env=on_these_servers(), input=program, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
