"""The demo has two agents at work, under policies that a newcomer sees the exits of."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from agents.library.document_extraction import document_extraction, pages
from agents.library.support_triage import support_triage
from agents.models import Run
from escalation.gating.catalogue import CATALOGUE
from escalation.gating.models import Agent, Drill, Outcome, Policy, Result
from escalation.queue.models import Membership
from escalation.stack.demo import load, work
from escalation.stack.tasks import feed_the_demo

pytestmark = pytest.mark.django_db(transaction=True)

DOCUMENTS = 8


def see_them_pass() -> None:
    """Every drill that is under way sees what it was to see."""
    for drill in Drill.objects.under_way().select_related("agent", "policy__gate"):
        guards = Result(task="a drill", output=None, causes=[drill.expected_reason])
        drill.see(Outcome.objects.rehearse(drill.agent.slug, drill.gate.slug, guards))


def runs_of(agent: str) -> int:
    return Run.objects.filter(agent=agent).count()


def test_both_agents_are_drafts_until_every_failure_was_rehearsed(redis_client: object) -> None:
    load(str)

    assert set(Agent.objects.values_list("state", flat=True)) == {Agent.State.DRAFT}
    assert Drill.objects.under_way().filter(agent__slug="support-triage").count() == len(CATALOGUE)
    assert not Run.objects.exists()
    assert Policy.objects.in_force("document-extraction", "default").queue.slug == "documents"
    assert Membership.objects.filter(user=User.objects.get(username="alice")).count() == 2


def test_with_the_last_passed_drill_an_agent_goes_live_and_gets_work(settings: Settings) -> None:
    settings.DEMO = True
    load(str)

    see_them_pass()

    assert set(Agent.objects.values_list("slug", "state")) == {
        ("document-extraction", Agent.State.LIVE),
        ("support-triage", Agent.State.LIVE),
    }
    assert (runs_of("support-triage"), runs_of("document-extraction")) == (30, DOCUMENTS)


def test_a_failed_drill_is_held_again(settings: Settings) -> None:
    settings.DEMO = True
    load(str)
    failed = Drill.objects.filter(injection="loop").first()
    assert failed is not None
    failed.fail("the worker was slow")
    see_them_pass()

    again = feed_the_demo()

    assert again == 1
    assert Drill.objects.under_way().get().failure_mode == failed.failure_mode


def test_loading_it_again_changes_nothing(redis_client: object) -> None:
    load(str)
    before = (Policy.objects.count(), Drill.objects.count(), User.objects.count())

    load(str)

    assert (Policy.objects.count(), Drill.objects.count(), User.objects.count()) == before


def test_now_and_then_a_document_comes_with_the_messages(settings: Settings) -> None:
    settings.DEMO = True
    load(str)
    see_them_pass()

    for _ in range(work.MESSAGES_PER_DOCUMENT):
        work.feed()

    assert runs_of("support-triage") == 30 + work.MESSAGES_PER_DOCUMENT
    assert runs_of("document-extraction") == DOCUMENTS + 1


def test_a_document_of_the_demo_is_longer_than_its_policy_lets_be_read() -> None:
    lengths = [len(pages(piece.task)) for piece in work.work_for(document_extraction)]

    assert len(lengths) == DOCUMENTS
    assert max(lengths) > 6 >= sorted(lengths)[-2]


def test_the_demo_knows_where_its_messages_are() -> None:
    assert len(work.work_for(support_triage)) > 30
