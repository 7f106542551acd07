from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.queue.models import Decision, Escalation, Membership
from tests.cast import RaiseEscalation
from tests.review.conftest import HTMX

ADDRESS = "/queue/decisions/"


def chosen(*rows: Escalation) -> list[str]:
    return [f"{row.pk}~{row.version}" for row in rows]


def test_all_chosen_are_accepted_in_one_request(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    rows = [an_escalation(), an_escalation()]

    response = as_alice.post(
        ADDRESS, {"verdict": "accept", "chosen": chosen(*rows), "back": "tag=eu"}, headers=HTMX
    )

    assert response["HX-Push-Url"] == "/queue/?tag=eu"
    assert b'Accepted</strong> <span class="toast-what">2 escalations' in response.content
    assert {(each.verdict, each.reviewer) for each in Decision.objects.all()} == {("accept", alice)}


def test_what_was_refused_is_named_with_its_reason(
    as_alice: Client, an_escalation: RaiseEscalation, bob: User
) -> None:
    free, held = an_escalation(), an_escalation(title="this one is bob's")
    before = chosen(free, held)
    held.claim(bob)

    text = as_alice.post(ADDRESS, {"verdict": "accept", "chosen": before}).content.decode()

    assert "1 of 2 stayed as it was" in text
    assert "this one is bob&#x27;s</a>: bob holds it" in text
    assert "1 escalation<" in text


def test_a_reason_goes_with_each_of_them(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    rows = [an_escalation(), an_escalation()]
    said = {"reject-reason_code": "other", "reject-note": "All of it.", "dismiss-reason_code": "noise"}

    as_alice.post(ADDRESS, said | {"verdict": "reject", "chosen": chosen(*rows)})

    kept = Decision.objects.values_list("verdict", "reason_code", "note")
    assert list(kept) == [("reject", "other", "All of it.")] * 2


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"verdict": "reject"}, "This field is required"),
        ({"verdict": "dismiss", "dismiss-reason_code": "other"}, "Say what the reason is"),
        ({"verdict": "dismiss", "dismiss-reason_code": "because"}, "not one of the available choices"),
        ({"verdict": "accept", "chosen": ["x", "1", "~", "9" * 30 + "~1"]}, "Choose at least one first"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_decided(
    as_alice: Client, an_escalation: RaiseEscalation, sent: Any, said: str
) -> None:
    row = an_escalation()

    response = as_alice.post(ADDRESS, {"chosen": chosen(row)} | sent)

    text = response.content.decode()
    assert response.status_code == 422
    assert said in text
    assert not Decision.objects.exists()


def test_what_was_chosen_stays_chosen_when_something_is_missing(
    as_alice: Client, an_escalation: RaiseEscalation
) -> None:
    row, other = an_escalation(), an_escalation()

    text = as_alice.post(ADDRESS, {"verdict": "reject", "chosen": chosen(row)}).content.decode()

    assert text.count(" checked>") == 1
    assert f'value="{row.pk}~1" id="choose-{row.pk}" aria-label="Choose {row.title}" checked>' in text
    assert f'value="{other.pk}~1"' in text


def test_one_undo_takes_all_of_them_back(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    rows = [an_escalation(), an_escalation()]
    as_alice.post(ADDRESS, {"verdict": "accept", "chosen": chosen(*rows)})

    response = as_alice.post(ADDRESS, {"_method": "delete", "chosen": [row.pk for row in rows]})

    assert b'Undone</strong> <span class="toast-what">2 escalations' in response.content
    assert set(Escalation.objects.values_list("status", flat=True)) == {"waiting"}


def test_the_toast_carries_what_undo_needs(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    row = an_escalation()

    text = as_alice.post(ADDRESS, {"verdict": "accept", "chosen": chosen(row)}).content.decode()

    assert f'<form method="post" action="{ADDRESS}" hx-boost="true" data-undo>' in text
    assert f'name="chosen" value="{row.pk}"' in text


def test_who_may_only_look_is_told_so(as_alice: Client, an_escalation: RaiseEscalation, alice: User) -> None:
    row = an_escalation()
    Membership.objects.filter(user=alice).update(role="viewer")

    response = as_alice.post(ADDRESS, {"verdict": "accept", "chosen": chosen(row)})

    assert response.status_code == 403
    assert not Decision.objects.exists()


def test_what_cannot_be_decided_has_no_box(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User, bob: User
) -> None:
    an_escalation().claim(bob)
    mine = an_escalation()
    mine.claim(alice)

    text = as_alice.get("/queue/").content.decode()

    assert text.count('name="chosen"') == 1
    assert f'id="choose-{mine.pk}"' in text
