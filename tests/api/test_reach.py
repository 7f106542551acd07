"""How far a token reaches: rows of other agents, and of other people's review queues, do not exist for it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from escalation.api.models import Scope, Token
from escalation.api.urls import urlpatterns
from escalation.gating.models import Agent, Gate, Outcome, Result
from escalation.queue.models import Escalation, Event
from tests.api.caller import Caller

ROWS = [pattern for pattern in urlpatterns if "<int:id>" in str(pattern.pattern)]


@pytest.fixture
def outcome(gate: Gate) -> Outcome:
    """Of support-triage, with its escalation."""
    result = Result(task="Where?", output={"reply": "Here."}, confidence=0.1)
    return Outcome.objects.pass_gate("support-triage", "default", result)[0]


@pytest.fixture
def invoices(db: None) -> str:
    """A token of another agent that may do all that an agent may."""
    agent = Agent.objects.create(slug="invoices", name="Invoices", owner="Olga", on_call="olga")
    return Token.objects.issue(agent=agent, scopes=Scope.fitting(reviewer=False))[1]


@pytest.fixture
def mallorys(mallory: User) -> str:
    """A token of somebody who is a reviewer nowhere."""
    return Token.objects.issue(reviewer=mallory, scopes=["review"])[1]


@pytest.mark.parametrize("pattern", ROWS, ids=lambda pattern: pattern.name)
@pytest.mark.parametrize("whose", ["invoices", "mallorys"])
def test_the_rows_of_others_are_not_there(
    pattern: Any, whose: str, outcome: Outcome, invoices: str, mallorys: str
) -> None:
    pk = outcome.pk if pattern.name == "outcome" else outcome.escalation_id
    caller = Caller(invoices if whose == "invoices" else mallorys)
    before = (Escalation.objects.values().get(), Event.objects.count())

    theirs, nobodys = (answers(caller, str(pattern.pattern), id_) for id_ in (pk, 10**9))

    assert theirs == nobodys
    assert {status for status, _ in theirs} <= {400, 403, 404, 405}
    assert (Escalation.objects.values().get(), Event.objects.count()) == before


def answers(caller: Caller, pattern: str, pk: object) -> list[tuple[int, str]]:
    """What each method answers."""
    path = "/" + pattern.replace("<int:id>", str(pk))
    given = [caller.get(path), caller.post(path), caller.put(path), caller.delete(path)]
    return [(answer.status_code, answer.text.replace(f" {pk} ", " N ")) for answer in given]


def test_every_path_of_a_row_is_walked() -> None:
    assert len(ROWS) >= 5
