"""Reviewers' scripts: claim, decide, undo, many at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.api.models import Token
from escalation.queue.models import Decision, Escalation, Membership, ReviewQueue
from tests.api.caller import Caller
from tests.cast import RaiseEscalation


@pytest.fixture
def as_bob(bob: User) -> Caller:
    return Caller(Token.objects.issue(reviewer=bob, scopes=["review"])[1])


def test_the_next_one_is_the_most_urgent(as_alice: Caller, an_escalation: RaiseEscalation) -> None:
    an_escalation(title="later")
    an_escalation(title="now", priority=3)

    answer = as_alice.post("/escalations/next/", {})

    shown = answer.json()
    assert answer.status_code == 200
    assert (shown["title"], shown["status"], shown["claimed_by"]) == ("now", "claimed", "alice")


def test_the_next_one_fits_what_was_asked_for(as_alice: Caller, an_escalation: RaiseEscalation) -> None:
    an_escalation(reason="error", priority=3)
    an_escalation(reason="tool_failed")

    answer = as_alice.post("/escalations/next/", {"reason": "tool_failed", "queue": "support"})

    assert answer.json()["reason"] == "tool_failed"


def test_where_nothing_waits_there_is_no_content(as_alice: Caller) -> None:
    assert as_alice.post("/escalations/next/", {}).status_code == 204


def test_bob_cannot_take_what_alice_holds(
    as_alice: Caller, as_bob: Caller, an_escalation: RaiseEscalation
) -> None:
    path = f"/escalations/{an_escalation().pk}/claim/"
    claimed = as_alice.post(path)

    refused = as_bob.post(path)

    assert (claimed.status_code, refused.status_code) == (200, 409)
    assert refused.json()["current"]["claimed_by"] == "alice"


def test_a_heartbeat_lets_the_lease_begin_anew(as_alice: Caller, an_escalation: RaiseEscalation) -> None:
    path = f"/escalations/{an_escalation().pk}/claim/"
    before = as_alice.post(path).json()["claimed_until"]

    after = as_alice.put(path)

    assert (after.status_code, after.json()["claimed_until"] > before) == (200, True)


def test_a_released_one_waits_again(as_alice: Caller, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    as_alice.post(f"/escalations/{escalation.pk}/claim/")

    answer = as_alice.delete(f"/escalations/{escalation.pk}/claim/")

    escalation.refresh_from_db()
    assert (answer.status_code, escalation.status) == (204, "waiting")


def test_a_lead_gives_back_what_its_holder_holds_and_nobody_else_does(
    as_alice: Caller, an_escalation: RaiseEscalation, alice: User, bob: User
) -> None:
    escalation = an_escalation()
    escalation.claim(bob)
    path = f"/escalations/{escalation.pk}/claim/?holder=bob"
    refused = as_alice.delete(path)
    escalation.queue.memberships.filter(user=alice).update(role="lead")

    answers = [as_alice.delete(path), as_alice.delete(path)]

    assert [refused.status_code, *(answer.status_code for answer in answers)] == [403, 204, 409]
    assert escalation.events.filter(kind="released", actor=alice).count() == 1


def test_a_decision_is_recorded(as_alice: Caller, an_escalation: RaiseEscalation) -> None:
    path = f"/escalations/{an_escalation().pk}"
    held = as_alice.post(f"{path}/claim/").json()

    answer = as_alice.post(
        f"{path}/decision/", {"verdict": "edit", "version": held["version"], "output": {"reply": "Tomorrow."}}
    )

    assert (answer.status_code, answer.json()["reviewer"]) == (201, "alice")
    assert (answer.json()["output"], answer.json()["edited"]) == ({"reply": "Tomorrow."}, True)


def test_a_partial_result_is_granted_budget(as_alice: Caller, an_escalation: RaiseEscalation) -> None:
    path = f"/escalations/{an_escalation(partial=True).pk}"
    held = as_alice.post(f"{path}/claim/").json()

    body = {"verdict": "continue", "version": held["version"], "grant": {"turns": 3}}
    answer = as_alice.post(f"{path}/decision/", body)

    assert (answer.status_code, Decision.objects.get().grant) == (201, {"turns": 3})


def test_a_decision_on_an_older_version_is_refused(as_alice: Caller, an_escalation: RaiseEscalation) -> None:
    path = f"/escalations/{an_escalation().pk}"
    held = as_alice.post(f"{path}/claim/").json()

    answer = as_alice.post(f"{path}/decision/", {"verdict": "accept", "version": held["version"] - 1})

    assert (answer.status_code, answer.json()["current"]["version"]) == (409, held["version"])
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"verdict": "edit"}, "/output"),
        ({"verdict": "continue", "grant": {"turns": 1}}, "/verdict"),
        ({"verdict": "approve"}, "/verdict"),
        ({"verdict": "accept", "version": "1"}, "/version"),
        ({"verdict": "accept", "reviewer": "bob"}, "/reviewer"),
        ({"verdict": "continue", "grant": {"dollars": 1}}, "/grant/dollars"),
    ],
)
def test_a_decision_that_does_not_fit_is_refused(
    as_alice: Caller, an_escalation: RaiseEscalation, fields: Any, pointer: str
) -> None:
    path = f"/escalations/{an_escalation().pk}"
    held = as_alice.post(f"{path}/claim/").json()

    answer = as_alice.post(f"{path}/decision/", {"version": held["version"]} | fields)

    assert answer.status_code == 400
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert not Decision.objects.exists()


def test_a_decision_is_taken_back(as_alice: Caller, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    held = as_alice.post(f"/escalations/{escalation.pk}/claim/").json()
    as_alice.post(
        f"/escalations/{escalation.pk}/decision/", {"verdict": "accept", "version": held["version"]}
    )

    answer = as_alice.delete(f"/escalations/{escalation.pk}/decision/")

    escalation.refresh_from_db()
    assert (answer.status_code, escalation.status, escalation.decision) == (204, "claimed", None)


def test_mallory_reaches_nothing(as_mallory: Caller, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    path = f"/escalations/{escalation.pk}"

    answers = [
        as_mallory.get(f"{path}/"),
        as_mallory.post(f"{path}/claim/"),
        as_mallory.put(f"{path}/claim/"),
        as_mallory.delete(f"{path}/claim/"),
        as_mallory.post(f"{path}/decision/", {"verdict": "accept", "version": 1}),
        as_mallory.delete(f"{path}/decision/"),
    ]

    escalation.refresh_from_db()
    assert [answer.status_code for answer in answers] == [404] * 6
    assert as_mallory.post("/escalations/next/", {}).status_code == 204
    assert escalation.status == "waiting"


def test_a_viewer_looks_and_does_not_claim(
    as_mallory: Caller, mallory: User, queue: ReviewQueue, an_escalation: RaiseEscalation
) -> None:
    Membership.objects.create(queue=queue, user=mallory, role=Membership.Role.VIEWER)
    escalation = an_escalation()

    seen = as_mallory.get(f"/escalations/{escalation.pk}/")
    claimed = as_mallory.post(f"/escalations/{escalation.pk}/claim/")

    assert (seen.status_code, claimed.status_code) == (200, 403)


def test_an_agent_reviews_nothing(support_triage: Caller, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()

    answer = support_triage.post(f"/escalations/{escalation.pk}/claim/")

    assert (answer.status_code, answer.json()["detail"]) == (403, "This needs a token with the scope review.")


def test_of_many_decisions_each_has_its_own_answer(
    as_alice: Caller, bob: User, an_escalation: RaiseEscalation
) -> None:
    waiting, held_by_bob, elsewhere, unfit = (an_escalation() for _ in range(4))
    held_by_bob.claim(bob)
    Escalation.objects.filter(pk=elsewhere.pk).update(queue=ReviewQueue.default())
    asked = [
        {"escalation": waiting.pk, "version": 1, "verdict": "accept"},
        {"escalation": held_by_bob.pk, "version": 2, "verdict": "accept"},
        {"escalation": elsewhere.pk, "version": 1, "verdict": "accept"},
        {"escalation": unfit.pk, "version": 1, "verdict": "edit"},
    ]

    answer = as_alice.post("/decisions/", {"decisions": asked})

    results = answer.json()["results"]
    assert [(one["escalation"], one["status"]) for one in results] == [
        (waiting.pk, 201),
        (held_by_bob.pk, 409),
        (elsewhere.pk, 404),
        (unfit.pk, 400),
    ]
    assert Decision.objects.get().reviewer.username == "alice"
    unfit.refresh_from_db()
    assert (unfit.status, unfit.version) == ("waiting", 1)


def test_a_bulk_decision_on_an_older_version_is_refused(
    as_alice: Caller, alice: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.release(alice)

    asked = [{"escalation": escalation.pk, "version": 1, "verdict": "accept"}]
    results = as_alice.post("/decisions/", {"decisions": asked}).json()["results"]

    escalation.refresh_from_db()
    assert (results[0]["status"], escalation.status) == (409, "waiting")


def test_what_must_be_seen_is_not_decided_among_many(
    as_alice: Caller, an_escalation: RaiseEscalation
) -> None:
    call = {"name": "refund", "arguments": {"amount": 40}}
    approval = an_escalation(kind="approval", reason="approval_required", action=call)
    check = an_escalation(reason="audit", kind="result", output="yes")
    asked = [
        {"escalation": approval.pk, "version": 1, "verdict": "accept"},
        {"escalation": check.pk, "version": 1, "verdict": "reject"},
        {"escalation": approval.pk, "version": 1, "verdict": "reject"},
    ]

    results = as_alice.post("/decisions/", {"decisions": asked}).json()["results"]

    assert [one["status"] for one in results] == [400, 400, 201]
    assert results[0]["problem"]["errors"][0]["pointer"] == "/verdict"
    check.refresh_from_db()
    assert check.status == "waiting"


@pytest.mark.parametrize("count", [0, 201])
def test_one_to_200_decisions_fit_in_a_request(as_alice: Caller, count: int) -> None:
    asked = [{"escalation": 1, "version": 1, "verdict": "accept"}] * count

    assert as_alice.post("/decisions/", {"decisions": asked}).status_code == 400


def test_a_decision_costs_ten_statements(as_alice: Caller, an_escalation: RaiseEscalation) -> None:
    path = f"/escalations/{an_escalation().pk}"
    version = as_alice.post(f"{path}/claim/").json()["version"]

    with CaptureQueriesContext(connection) as statements:
        answer = as_alice.post(f"{path}/decision/", {"verdict": "accept", "version": version})

    assert answer.status_code == 201
    assert len(statements) <= 10
