"""What a LangGraph agent gave to `interrupt()`, and what it is resumed with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from escalation.queue.models import Escalation
from tests.api.compat.caller import WebCaller
from tests.api.compat.conftest import Say

PLACE = "/agent-inbox/"
ARGS = {"to": "a@example.com", "copies": 2, "urgent": False, "size": 1.5, "cc": None}


def an_interrupt(*allowed: str, **fields: Any) -> dict[str, Any]:
    names = ("ignore", "respond", "edit", "accept")
    return {
        "action_request": {"action": "send_email", "args": ARGS},
        "config": {f"allow_{name}": name in allowed for name in names},
        "description": "A *mail* to a customer.",
    } | fields


DISMISSED = "It was dismissed: no answer is needed."
EVERYTHING = ("ignore", "respond", "edit", "accept")


def test_a_list_with_one_interrupt_or_the_one_alone(sender: WebCaller) -> None:
    listed = sender.post(PLACE, [an_interrupt(*EVERYTHING)])
    alone = sender.post(PLACE, an_interrupt(*EVERYTHING))

    assert [answer.status for answer in (listed, alone)] == [201, 201]
    assert (listed.body["response"], listed.body["status"]) == (None, "waiting")
    assert listed.body["interrupt"] == an_interrupt(*EVERYTHING)
    assert listed.headers["Location"] == listed.body["url"]
    escalation = Escalation.objects.first()
    assert escalation is not None
    assert (escalation.kind, escalation.explanation) == ("approval", "A *mail* to a customer.")


@pytest.mark.parametrize(
    ("allowed", "verdict", "answer", "response"),
    [
        (EVERYTHING, "accept", {}, {"type": "accept", "args": None}),
        (("edit",), "accept", {}, {"type": "edit", "args": {"action": "send_email", "args": ARGS}}),
        (
            EVERYTHING,
            "edit",
            {"arguments": ARGS | {"copies": 3}},
            {"type": "edit", "args": {"action": "send_email", "args": ARGS | {"copies": 3}}},
        ),
        (EVERYTHING, "reject", {}, {"type": "ignore", "args": None}),
        (EVERYTHING, "reject", {"note": "Be kind."}, {"type": "response", "args": "Be kind."}),
        (("accept", "ignore"), "reject", {"note": "Be kind."}, {"type": "ignore", "args": None}),
        (("accept", "respond"), "dismiss", {}, {"type": "response", "args": DISMISSED}),
        (
            ("accept", "respond"),
            "edit",
            {"arguments": {"copies": 3}},
            {"type": "response", "args": 'Use these arguments instead: {"copies": 3}'},
        ),
        (("accept",), "edit", {"arguments": {"copies": 3}}, {"type": "ignore", "args": None}),
        (("respond", "ignore"), "answer", {"answer": "Tomorrow."}, {"type": "response", "args": "Tomorrow."}),
        (("respond", "ignore"), "dismiss", {}, {"type": "ignore", "args": None}),
    ],
)  # fmt: skip
def test_each_verdict_has_its_word_and_arguments_keep_their_types(
    sender: WebCaller, say: Say, allowed: Any, verdict: str, answer: Any, response: Any
) -> None:
    posted = sender.post(PLACE, [an_interrupt(*allowed)]).body
    say(verdict, **answer)

    read = sender.get(f"{PLACE}{posted['id']}/?wait=5").body

    assert (read["status"], read["response"]) == ("decided", [response])


def test_what_nobody_decided_is_ignored(sender: WebCaller, time_runs_out: Callable[[], None]) -> None:
    posted = sender.post(PLACE, an_interrupt("accept")).body
    time_runs_out()

    assert sender.get(f"{PLACE}{posted['id']}/").body["response"] == [{"type": "ignore", "args": None}]


def test_the_same_key_never_makes_two(sender: WebCaller) -> None:
    first = sender.post(PLACE, [an_interrupt("accept")], key="thread-7")
    again = sender.post(PLACE, [an_interrupt("accept")], key="thread-7")
    other = sender.post(PLACE, [an_interrupt("edit")], key="thread-7")

    assert (again.status, again.body, other.status) == (200, first.body, 422)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ("approve?", ""),
        ([an_interrupt("accept")] * 2, ""),
        (an_interrupt("accept", titel="x"), "/titel"),
        (an_interrupt("accept", config={"allow_accept": True}), "/config/allow_ignore"),
        (an_interrupt("accept", action_request={"action": "x", "args": "y"}), "/action_request/args"),
    ],
)
def test_what_is_no_interrupt_is_refused(sender: WebCaller, body: Any, pointer: str) -> None:
    answer = sender.post(PLACE, body)

    assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, pointer)
    assert not Escalation.objects.exists()


def test_an_escalation_that_came_otherwise_is_no_interrupt(sender: WebCaller, stranger: WebCaller) -> None:
    mine = sender.post(PLACE, an_interrupt("accept")).body["id"]
    plain = Escalation.objects.raise_once(agent="support-triage", reason="error", title="Late")[0]

    assert sender.get(f"{PLACE}{plain.pk}/").status == 404
    assert stranger.get(f"{PLACE}{mine}/").status == 404
