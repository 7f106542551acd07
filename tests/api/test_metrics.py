"""What Prometheus reads, and who may read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from escalation import metrics as reading
from escalation.delivery.models import Delivery, Receiver
from escalation.gating.models import Outcome, Policy, Result
from escalation.metrics import all_metrics
from escalation.queue.models import Escalation
from tests.api.labelling import LabelOne
from tests.cast import RaiseEscalation

pytestmark = pytest.mark.django_db


def scrape(**headers: str) -> Any:
    return Client().get("/metrics", headers=headers)


def sampled(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Each metric's samples, by the values of their labels in the order of the labels' names."""
    return {
        family.name: {
            tuple(value for _, value in sorted(sample.labels.items())): sample.value
            for sample in family.samples
        }
        for family in text_string_to_metric_families(text)
    }


def test_what_waits_and_what_is_held_is_counted_by_queue_and_reason(
    an_escalation: RaiseEscalation, alice: User
) -> None:
    an_escalation()
    an_escalation()
    an_escalation(reason="error").claim(alice)

    found = sampled(scrape().text)

    assert found["otherwise_escalations_waiting"] == {("support", "low_confidence"): 2}
    assert found["otherwise_escalations_claimed"] == {("support", "error"): 1}


def test_the_oldest_and_the_most_overdue_are_told(an_escalation: RaiseEscalation) -> None:
    old = an_escalation().pk
    an_escalation()
    Escalation.objects.filter(pk=old).update(
        raised_at=Now() - timedelta(hours=10), due_at=Now() - timedelta(hours=2)
    )

    found = sampled(scrape().text)

    assert found["otherwise_oldest_waiting_seconds"]["support",] == pytest.approx(36_000, abs=60)
    assert found["otherwise_queue_lag_seconds"]["support",] == pytest.approx(7_200, abs=60)


def test_a_line_that_is_in_time_has_no_lag(an_escalation: RaiseEscalation) -> None:
    an_escalation()

    assert sampled(scrape().text)["otherwise_queue_lag_seconds"] == {("support",): 0}


def test_todays_outcomes_decisions_and_labels_are_counted(policy: Policy, label_one: LabelOne) -> None:
    for confidence in (0.9, 0.95, 0.3):
        Outcome.objects.pass_gate("support-triage", "default", Result("2 + 2", 4, confidence))
    label_one("accept")
    label_one("reject")

    found = sampled(scrape().text)

    assert found["otherwise_outcomes_today"] == {
        ("support-triage", "accepted"): 2,
        ("support-triage", "human"): 1,
    }
    assert found["otherwise_decisions_today"] == {("accept",): 1, ("reject",): 1}
    assert found["otherwise_labels_today"] == {
        ("support-triage", "true", "escalated"): 1,
        ("support-triage", "false", "escalated"): 1,
    }
    assert found["otherwise_agent_state"] == {("support-triage", "live"): 1}


def test_yesterdays_are_not(policy: Policy) -> None:
    Outcome.objects.pass_gate("support-triage", "default", Result("2 + 2", 4, 0.9))
    Outcome.objects.update(passed_at=Now() - timedelta(days=1))

    assert sampled(scrape().text)["otherwise_outcomes_today"] == {}


def test_webhooks_that_are_pending_and_dead_are_counted(an_escalation: RaiseEscalation) -> None:
    url = "https://hooks.example.com/"
    due: dict[str, Any] = {
        "url": url, "receiver": Receiver.objects.of_callbacks_to(url),
        "escalation": an_escalation(), "payload": {}, "event": "x",
    }  # fmt: skip
    Delivery.objects.create(**due, next_attempt_at=Now() - timedelta(minutes=5))
    Delivery.objects.create(**due, status="dead")
    Delivery.objects.create(**due, status="delivered")

    found = sampled(scrape().text)

    assert found["otherwise_deliveries"] == {("pending",): 1, ("dead",): 1}
    assert found["otherwise_delivery_lag_seconds"][()] == pytest.approx(300, abs=30)


def test_counting_stops_where_nobody_needs_the_number(
    an_escalation: RaiseEscalation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_COUNTED", 2)
    for _ in range(3):
        an_escalation()

    assert sampled(scrape().text)["otherwise_escalations_waiting"] == {("support", "low_confidence"): 2}


def test_hostile_names_do_not_break_the_format(an_escalation: RaiseEscalation) -> None:
    Escalation.objects.filter(pk=an_escalation().pk).update(reason='a"\\\n}')

    assert sampled(scrape().text)["otherwise_escalations_waiting"] == {("support", 'a"\\\n}'): 1}


def test_one_that_takes_too_long_is_named_and_the_others_are_read(
    an_escalation: RaiseEscalation, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_escalation()
    slow = reading.Metric("otherwise_slow", "Sleeps.", [], "SELECT 1 FROM pg_sleep(60)")
    monkeypatch.setattr("escalation.gating.metrics.METRICS", [slow])

    found = sampled(scrape().text)

    assert found["otherwise_metric_missed"] == {("otherwise_slow",): 1}
    assert "otherwise_slow" not in found
    assert found["otherwise_escalations_waiting"]


def test_every_metric_has_a_name_of_its_own_and_a_sentence() -> None:
    metrics = list(all_metrics())

    assert len({metric.name for metric in metrics}) == len(metrics) > 8
    assert all(metric.name.startswith("otherwise_") and metric.says.endswith(".") for metric in metrics)


def test_it_costs_the_same_however_much_there_is(an_escalation: RaiseEscalation) -> None:
    with CaptureQueriesContext(connection) as few:
        scrape()
    for _ in range(20):
        an_escalation()

    with CaptureQueriesContext(connection) as many:
        scrape()

    assert len(many) == len(few)


def test_it_says_what_format_it_is() -> None:
    assert scrape()["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize("address", ["10.0.0.7", "203.0.113.9", "", "::ffff:10.0.0.7", "nonsense"])
def test_by_default_nobody_else_reads_them(address: str) -> None:
    answer: Any = Client(REMOTE_ADDR=address).get("/metrics")

    assert (answer.status_code, "METRICS_TOKEN" in answer.text) == (403, True)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Proto"])
def test_nor_anybody_through_a_proxy_on_this_machine(header: str) -> None:
    assert scrape(**{header: "127.0.0.1"}).status_code == 403


def test_nor_where_a_proxy_is_known_to_be_in_front(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    assert scrape().status_code == 403


@pytest.mark.parametrize(
    ("authorization", "status"),
    [("Bearer s3cret", 200), ("bearer  s3cret", 200), ("Bearer s3cres", 401), ("Basic s3cret", 401),
     ("", 401), ("Bearer é", 401)],
)  # fmt: skip
def test_with_a_token_set_only_its_bearer_reads_them(settings: Any, authorization: str, status: int) -> None:
    settings.METRICS_TOKEN = "s3cret"

    assert scrape(Authorization=authorization).status_code == status
