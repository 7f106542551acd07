"""What is written and read without the ORM is what the ORM would write and read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.forms import model_to_dict
from django.utils.timezone import now

from agents.llm.local.replies import Reply
from agents.models import OURS, Run, Step, ToolCall
from agents.statements import Moment, select, update
from tests.agents.conftest import Desk
from tests.agents.shop import answers

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(desk: Desk) -> Run:
    run = desk.run(Reply.calls("refund", order="7", euros=80).thinks("He is right."), answers(confidence=5))
    run = desk.after(run, "reject")
    Run.objects.filter(pk=run.pk).update(state="running", epoch=9)
    return Run.objects.get(pk=run.pk)


def test_rows_are_read_as_the_orm_reads_them(held: Run) -> None:
    for model in (Step, ToolCall):
        rows = select(model, "WHERE run_id = %s ORDER BY id", [held.pk])

        theirs = list(model.objects.filter(run=held).order_by("id"))
        assert rows == theirs
        assert [model_to_dict(row) for row in rows] == [model_to_dict(row) for row in theirs]
        assert not rows[0]._state.adding


def test_what_is_written_is_in_the_row_and_in_memory(held: Run) -> None:
    escalation = held.escalation
    changes = {
        "say": ["a \u2028 word"],
        "budget": {"turns": 3},
        "prompt": {"b": 1, "a": 2},
        "result": None,
        "escalation": escalation,
        "detail": "50 % done",
    }

    assert update(held, changes, OURS, [9])

    stored = Run.objects.get(pk=held.pk)
    for name, value in changes.items():
        assert getattr(stored, name) == getattr(held, name) == value
    assert list(stored.prompt) == ["b", "a"]


def test_a_moment_is_one_on_the_database_s_clock(held: Run) -> None:
    assert update(held, {"lease_until": Moment(), "wake_at": Moment(timedelta(hours=1))}, OURS, [9])

    assert held.lease_until is not None
    assert held.wake_at is not None
    assert held.wake_at - held.lease_until == timedelta(hours=1)
    assert abs(now() - held.lease_until) < timedelta(minutes=1)


def test_where_the_condition_does_not_hold_nothing_is_written(held: Run) -> None:
    assert not update(held, {"detail": "mine"}, OURS, [8])

    assert held.detail != "mine"
    assert Run.objects.get(pk=held.pk).detail != "mine"
