from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from pytest_django import Settings

from escalation.queue.models import Decision, Escalation
from tests.cast import RaiseEscalation


def seen(*rows: Escalation) -> dict[int, int]:
    return {row.pk: row.version for row in rows}


def test_each_is_claimed_and_decided_by_the_one_who_asked(
    alice: User, an_escalation: RaiseEscalation
) -> None:
    rows = [an_escalation(), an_escalation()]
    rows[1].claim(alice)

    results = Escalation.objects.decide_each(alice, seen(*rows), "reject", reason_code="wrong")

    kinds = [[event.kind for event in row.events.all()] for row in rows]
    assert [each.refused for each in results] == ["", ""]
    assert kinds == [["raised", "claimed", "decided"]] * 2
    assert {(each.reviewer, each.reason_code) for each in Decision.objects.all()} == {(alice, "wrong")}


def test_what_somebody_else_holds_stays_theirs(
    alice: User, bob: User, an_escalation: RaiseEscalation
) -> None:
    free, held = an_escalation(), an_escalation()
    held.claim(bob)

    results = Escalation.objects.decide_each(alice, seen(free, held), "accept")

    held.refresh_from_db()
    assert [each.refused for each in results] == ["", "bob holds it"]
    assert (held.status, held.claimed_by) == ("claimed", bob)


def test_what_changed_since_it_was_seen_is_left_unclaimed(
    alice: User, bob: User, an_escalation: RaiseEscalation
) -> None:
    row = an_escalation()
    before = seen(row)
    row.claim(bob)
    row.release(bob)

    results = Escalation.objects.decide_each(alice, before, "accept")

    row.refresh_from_db()
    assert [each.refused for each in results] == ["it has changed since you saw it"]
    assert (row.status, row.version) == ("waiting", 3)


def test_what_was_decided_meanwhile_says_so(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    row = an_escalation()
    row.claim(bob)
    row.decide(bob, "accept")

    results = Escalation.objects.decide_each(alice, seen(row), "accept")

    assert [each.refused for each in results] == ["it is decided already"]


def test_what_must_be_before_ones_eyes_is_refused(alice: User, an_escalation: RaiseEscalation) -> None:
    call = {"name": "refund", "arguments": {"a": 1}}
    rows = [
        an_escalation(reason="audit"),
        an_escalation(kind="approval", reason="approval_required", action=call),
        an_escalation(output=None),
        an_escalation(kind="question", reason="input_requested", question="Which?", output=None),
    ]

    results = Escalation.objects.decide_each(alice, seen(*rows), "accept")

    assert all(each.refused for each in results)
    assert set(Escalation.objects.values_list("status", flat=True)) == {"waiting"}


def test_a_call_can_be_turned_down_unseen(alice: User, an_escalation: RaiseEscalation) -> None:
    row = an_escalation(kind="approval", reason="approval_required", action={"name": "x", "arguments": {}})

    results = Escalation.objects.decide_each(alice, seen(row), "reject", reason_code="unsafe")

    assert [each.refused for each in results] == [""]


def test_who_may_not_decide_decides_nothing(mallory: User, an_escalation: RaiseEscalation) -> None:
    row = an_escalation()

    results = Escalation.objects.decide_each(mallory, seen(row), "accept")

    assert results == []
    assert not Decision.objects.exists()


def test_undo_is_good_from_when_the_last_one_is_done(
    alice: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    settings.UNDO_WINDOW = timedelta(seconds=5)
    rows = [an_escalation() for _ in range(20)]

    Escalation.objects.decide_each(alice, seen(*rows), "accept")

    windows = [each.effective_at - each.decided_at for each in Decision.objects.all()]
    assert min(windows) >= timedelta(seconds=6)


def test_undoing_all_puts_them_back_in_the_line(alice: User, an_escalation: RaiseEscalation) -> None:
    rows = [an_escalation(), an_escalation()]
    Escalation.objects.decide_each(alice, seen(*rows), "accept")

    results = Escalation.objects.undo_each(alice, seen(*rows))

    assert [each.refused for each in results] == ["", ""]
    waiting = Escalation.objects.filter(status="waiting", claimed_by=None, decision=None)
    assert waiting.count() == 2


def test_nobody_undoes_what_somebody_else_said(
    alice: User, bob: User, an_escalation: RaiseEscalation
) -> None:
    row = an_escalation()
    Escalation.objects.decide_each(alice, seen(row), "accept")

    results = Escalation.objects.undo_each(bob, [row.pk])

    row.refresh_from_db()
    assert [each.refused for each in results] == ["it is too late to undo this, or it was not yours"]
    assert row.status == "decided"
