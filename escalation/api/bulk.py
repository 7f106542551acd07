"""Many decisions in one request: each its own transaction, by the real actor, with its own answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from django.contrib.auth.models import User
from django.http import Http404
from msgspec import UNSET, Meta, Struct, UnsetType

from escalation.api.problems import Problem, problem_of
from escalation.api.shapes.decisions import DecisionIn, DecisionOut
from escalation.api.shapes.escalations import Strict
from escalation.api.shapes.fields import Id
from escalation.queue.exceptions import DecisionInvalid, TransitionRefused
from escalation.queue.models import Decision, Escalation
from escalation.queue.models.bulk import slack_for


class BulkDecision(DecisionIn, kw_only=True, forbid_unknown_fields=True):
    """A decision, and on which escalation; one that nobody holds is claimed on the way."""

    escalation: Id


class BulkIn(Strict):
    decisions: Annotated[list[BulkDecision], Meta(min_length=1, max_length=200)]


class BulkResult(Struct, kw_only=True):
    """What became of one of them: a decision with 201, or a problem."""

    escalation: Id
    status: int
    decision: DecisionOut | UnsetType = UNSET
    problem: Problem | UnsetType = UNSET


class BulkOut(Struct):
    """One result for each decision, in their order."""

    results: list[BulkResult]


def decide_each(reviewer: User, asked: list[BulkDecision]) -> list[BulkResult]:
    """Decide what can be decided; what is refused changes nothing and says why."""
    slack = slack_for(len(asked))
    return [_result(reviewer, one, slack) for one in asked]


def _result(reviewer: User, asked: BulkDecision, slack: timedelta) -> BulkResult:
    try:
        decision = _decide(reviewer, asked, slack)
    except (DecisionInvalid, TransitionRefused, Http404) as refused:
        problem = problem_of(refused)
        return BulkResult(escalation=asked.escalation, status=problem.status, problem=problem)
    return BulkResult(escalation=asked.escalation, status=201, decision=DecisionOut.of(decision))


def _decide(reviewer: User, asked: BulkDecision, slack: timedelta) -> Decision:
    row = Escalation.objects.reviewable_by(reviewer).filter(pk=asked.escalation).first()
    if row is None:
        raise Http404(f"There is no escalation {asked.escalation} for you.")
    answer = asked.as_answer() | {"slack": slack}
    return row.claim_and_decide(reviewer, asked.verdict, version=asked.version, **answer)
