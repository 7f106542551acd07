"""What happened, in figures: of one's own review queues alone, from days that were counted."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from escalation.gating.models import Gate, Outcome, Result
from escalation.queue.models import Escalation, Membership, ReviewQueue
from escalation.review.insights.models import DailyCount
from tests.cast import RaiseEscalation


@pytest.fixture
def history(gate: Gate, alice: User, an_escalation: RaiseEscalation) -> None:
    """Three results, one accepted; an escalation more; two decided, one withdrawn; counted."""
    for confidence in (0.9, 0.2, 0.3):
        Outcome.objects.pass_gate("support-triage", "default", Result("Where?", "There.", confidence))
    an_escalation(reason="budget_exhausted").withdraw()
    for _ in range(2):
        escalation = Escalation.objects.claim_next(alice)
        assert escalation is not None
        escalation.decide(alice, "accept", seconds_spent=12.0)
    DailyCount.objects.count_on(now().date())


def numbers(client: Client, slug: str, query: str = "") -> list[list[str]]:
    answer = client.get(f"/insights/{slug}.csv?days=7{query}")
    assert answer["Content-Type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(answer.content.decode())))


def test_each_chart_has_its_numbers_as_csv(history: None, as_alice: Client) -> None:
    arrivals, exits, verdicts = (numbers(as_alice, slug) for slug in ("arrivals", "exits", "verdicts"))

    assert arrivals[0] == ["day", "arrived", "decided", "expired or withdrawn"]
    assert arrivals[-1] == [now().date().isoformat(), "3", "2", "1"]
    assert exits[0] == ["day", "accepted", "human"]
    assert exits[-1][1:] == ["1", "2"]
    assert verdicts[-1][1:] == ["2"]


def test_the_page_shows_them_drawn_and_as_tables(history: None, as_alice: Client) -> None:
    page = as_alice.get("/insights/?days=7").content.decode()

    assert page.count('<svg class="chart"') >= 6
    assert "low confidence 2" in page
    assert not re.search(r"<[^>]+ style=", page)


def test_a_day_that_is_counted_again_is_counted_once(history: None, as_alice: Client) -> None:
    before = list(DailyCount.objects.exclude(measure="oldest").values_list("measure", "label", "number"))

    DailyCount.objects.count_on(now().date())

    after = list(DailyCount.objects.exclude(measure="oldest").values_list("measure", "label", "number"))
    assert sorted(after) == sorted(before)


def test_old_days_are_caught_up_with_a_month_at_a_time(an_escalation: RaiseEscalation) -> None:
    Escalation.objects.filter(pk=an_escalation().pk).update(raised_at=now() - timedelta(days=45))
    an_escalation()

    counted = [DailyCount.objects.count_on(now().date()) for _ in range(3)]

    assert counted == [31, 17, 2]
    assert DailyCount.objects.filter(measure="arrivals").count() == 2


def test_an_undone_decision_is_not_counted(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")
    DailyCount.objects.count_on(now().date())
    escalation.undo(alice)

    DailyCount.objects.count_on(now().date())

    assert not DailyCount.objects.filter(measure="decisions").exists()


def test_nobody_sees_the_figures_of_a_queue_that_is_not_theirs(
    history: None, as_alice: Client, as_mallory: Client, queue: ReviewQueue
) -> None:
    other = ReviewQueue.objects.create(slug="other", name="Elsewhere")
    DailyCount.objects.create(measure="arrivals", day=now().date(), queue=other, label="error", number=7)

    of_mallory, of_alice = (
        numbers(client, "arrivals", f"&queue={other.slug}") for client in (as_mallory, as_alice)
    )

    assert of_mallory[-1][1:] == ["0", "0", "0"]
    assert of_alice[-1][1] == "3"
    assert "Elsewhere" not in as_alice.get("/insights/").content.decode()


def test_the_oldest_of_two_queues_is_the_oldest(as_alice: Client, queue: ReviewQueue, alice: User) -> None:
    more = ReviewQueue.objects.create(slug="more", name="More")
    Membership.objects.create(user=alice, queue=more)
    for where, hours in ((queue, 5), (more, 3)):
        DailyCount.objects.create(
            measure="oldest", day=now().date(), queue=where, number=4, total=hours * 3600
        )
    DailyCount.objects.create(measure="counted", day=now().date())

    assert numbers(as_alice, "age")[-1][1] == "5.0"
    assert numbers(as_alice, "backlog")[-1][1] == "8.0"


def test_what_other_agents_spent_is_not_seen(history: None, as_alice: Client) -> None:
    for agent, cost in (("support-triage", 1.5), ("another", 40.0)):
        DailyCount.objects.create(measure="spent", day=now().date(), agent=agent, number=1, total=cost)

    assert numbers(as_alice, "spent")[-1][1] == "1.5"


def test_the_page_asks_few_questions(history: None, as_alice: Client, alice: User) -> None:
    Membership.objects.create(user=alice, queue=ReviewQueue.objects.create(slug="more", name="More"))

    with CaptureQueriesContext(
        connection,
    ) as asked:
        as_alice.get("/insights/?days=365")

    assert len(asked) <= 10


def test_a_chart_that_there_is_not_is_not_found(as_alice: Client) -> None:
    assert as_alice.get("/insights/nothing.csv").status_code == 404
    assert as_alice.get("/insights/?days=7000000000000000000000000").status_code == 200
