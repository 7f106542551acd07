"""What a scrape says of runs and breakers."""

from __future__ import annotations

import pytest

from agents.models import BreakerEvent
from tests.agents.conftest import Desk
from tests.agents.shop import answers
from tests.api.test_metrics import sampled, scrape

pytestmark = pytest.mark.django_db


def test_runs_are_counted_by_state(desk: Desk) -> None:
    desk.begin(answers())
    desk.run(answers(confidence=5))
    desk.run(answers(confidence=95))

    found = sampled(scrape().text)

    assert found["otherwise_runs"] == {("shop-desk", "queued"): 1, ("shop-desk", "waiting_human"): 1}
    assert found["otherwise_runs_ended_today"] == {("shop-desk", "finished"): 1}


def test_a_circuit_is_told_while_it_is_not_closed() -> None:
    for breaker, before, after in (
        ("tool:crm", "closed", "open"),
        ("tool:mail", "closed", "open"),
        ("tool:mail", "open", "closed"),
    ):
        BreakerEvent.objects.create(breaker=breaker, before=before, after=after)

    assert sampled(scrape().text)["otherwise_breakers_open"] == {("tool:crm", "open"): 1}
