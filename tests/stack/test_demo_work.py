"""The demo has two agents at work, under policies that a newcomer sees the exits of."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from agents.library.document_extraction import document_extraction, pages
from agents.library.support_triage import support_triage
from agents.models import Run
from escalation.gating.models import Agent, Policy
from escalation.queue.models import Membership
from escalation.stack.demo import load, work

pytestmark = pytest.mark.django_db(transaction=True)

DOCUMENTS = 8


def runs_of(agent: str) -> int:
    return Run.objects.filter(agent=agent).count()


def test_both_agents_are_live_and_have_work(redis_client: object) -> None:
    load(str)

    assert set(Agent.objects.values_list("slug", "state")) == {
        ("document-extraction", Agent.State.LIVE),
        ("support-triage", Agent.State.LIVE),
    }
    assert (runs_of("support-triage"), runs_of("document-extraction")) == (30, DOCUMENTS)
    assert Policy.objects.in_force("document-extraction", "default").queue.slug == "documents"
    assert Membership.objects.filter(user=User.objects.get(username="alice")).count() == 2


def test_loading_it_again_changes_nothing(redis_client: object) -> None:
    load(str)
    before = (Policy.objects.count(), Run.objects.count(), User.objects.count())

    load(str)

    assert (Policy.objects.count(), Run.objects.count(), User.objects.count()) == before


def test_now_and_then_a_document_comes_with_the_messages(redis_client: object) -> None:
    load(str)

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
