"""What the human-in-the-loop middleware asks, and the decisions it is resumed with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from escalation.queue.models import Escalation
from tests.api.compat.caller import WebCaller
from tests.api.compat.conftest import Say

PLACE = "/hitl/"
DISMISSED = "It was dismissed: no answer is needed."
ARGS = {"amount": 40, "express": True, "note": None}


def a_request(*allowed: str, word: str = "args", count: int = 1) -> dict[str, Any]:
    actions = [{"name": "refund", word: ARGS, "description": "Refund it?"}] * count
    configs = [{"action_name": "refund", "allowed_decisions": list(allowed or ("approve", "edit", "reject"))}]
    return {"action_requests": actions, "review_configs": configs}


def test_the_answer_is_there_when_all_are_settled_in_their_order(sender: WebCaller, say: Say) -> None:
    posted = sender.post(PLACE, a_request(count=3))
    say("reject", 2, note="No.")
    say("accept", 0)
    early = sender.get(f"{PLACE}{posted.body['id']}/").body
    say("edit", 1, arguments=ARGS | {"amount": 30})

    late = sender.get(f"{PLACE}{posted.body['id']}/?wait=5").body

    assert (posted.status, posted.headers["Location"]) == (201, posted.body["url"])
    assert (early["status"], early["response"]) == ("waiting", None)
    assert len(posted.body["escalations"]) == 3
    assert late["response"] == {
        "decisions": [
            {"type": "approve"},
            {"type": "edit", "edited_action": {"name": "refund", "args": ARGS | {"amount": 30}}},
            {"type": "reject", "message": "No."},
        ]
    }


@pytest.mark.parametrize(
    ("allowed", "verdict", "answer", "decision"),
    [
        (("edit",), "accept", {}, {"type": "edit", "edited_action": {"name": "refund", "args": ARGS}}),
        (
            ("approve", "reject"),
            "edit",
            {"arguments": {"amount": 30}},
            {"type": "reject", "message": 'Use these arguments instead: {"amount": 30}'},
        ),
        (("approve", "reject"), "dismiss", {}, {"type": "reject", "message": DISMISSED}),
        (("approve", "respond"), "reject", {"note": "No."}, {"type": "respond", "message": "No."}),
        (("approve", "respond", "reject"), "reject", {}, {"type": "reject", "message": "It was rejected."}),
        (("approve",), "reject", {"note": "No."}, {"type": "reject", "message": "No."}),
        (("respond",), "answer", {"answer": "Tomorrow."}, {"type": "respond", "message": "Tomorrow."}),
        (("reject",), "answer", {"answer": "Never."}, {"type": "reject", "message": "Never."}),
    ],
)  # fmt: skip
def test_each_verdict_has_its_word(
    sender: WebCaller, say: Say, allowed: Any, verdict: str, answer: Any, decision: Any
) -> None:
    posted = sender.post(PLACE, a_request(*allowed)).body
    say(verdict, **answer)

    assert sender.get(f"{PLACE}{posted['id']}/").body["response"] == {"decisions": [decision]}


def test_who_said_arguments_is_answered_with_arguments(sender: WebCaller, say: Say) -> None:
    posted = sender.post(PLACE, a_request(word="arguments")).body
    say("edit", arguments={"amount": 30})

    (decision,) = sender.get(f"{PLACE}{posted['id']}/").body["response"]["decisions"]

    assert decision["edited_action"] == {"name": "refund", "arguments": {"amount": 30}}


def test_what_nobody_decided_is_rejected(sender: WebCaller, time_runs_out: Callable[[], None]) -> None:
    posted = sender.post(PLACE, a_request()).body
    time_runs_out()

    (decision,) = sender.get(f"{PLACE}{posted['id']}/").body["response"]["decisions"]

    assert decision == {"type": "reject", "message": "Nobody decided in time."}


def test_the_same_key_never_makes_two(sender: WebCaller) -> None:
    first = sender.post(PLACE, a_request(count=2), key="thread-7")
    again = sender.post(PLACE, a_request(count=2), key="thread-7")
    more = sender.post(PLACE, a_request(count=3), key="thread-7")

    assert (again.status, again.body, more.status) == (200, first.body, 422)
    assert Escalation.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"review_configs": []}, "/review_configs"),
        ({"action_requests": []}, "/action_requests"),
        ({"action_requests": [{"name": "refund"}]}, "/action_requests/0"),
        ({"action_requests": [{"name": "refund", "args": {}, "arguments": {}}]}, "/action_requests/0"),
        ({"action_requests": [{"name": "refund", "args": {}, "kwargs": {}}]}, "/action_requests/0/kwargs"),
    ],
)
def test_what_is_no_request_is_refused(sender: WebCaller, change: Any, pointer: str) -> None:
    answer = sender.post(PLACE, a_request() | change)

    assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, pointer)
    assert not Escalation.objects.exists()


def test_the_requests_of_others_are_not_there(sender: WebCaller, stranger: WebCaller) -> None:
    posted = sender.post(PLACE, a_request()).body

    assert stranger.get(f"{PLACE}{posted['id']}/").status == 404
