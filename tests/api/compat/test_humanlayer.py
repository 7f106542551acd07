"""HumanLayer's package finds its server: the same paths, the same fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from escalation.queue.models import Escalation
from tests.api.compat.caller import WebCaller
from tests.api.compat.conftest import Say

CALLS, CONTACTS = "/humanlayer/v1/function_calls", "/humanlayer/v1/contact_requests"
SLACK = {
    "channel_or_user_id": "C123456",
    "context_about_channel_or_user": "the finance channel",
    "bot_token": "xoxb-1",
    "allowed_responder_ids": None,
    "experimental_slack_blocks": True,
    "thread_ts": None,
}
# The package sends what answers a mail under the new names and the deprecated ones, and `null` for the rest.
EMAIL = {
    "address": "olga@example.com",
    "context_about_user": None,
    "additional_recipients": [{"address": "bob@example.com", "context_about_user": None, "field": "cc"}],
    "subject": "Re: A-1",
    "references_message_id": "<1@example.com>",
    "in_reply_to_message_id": "<1@example.com>",
    "experimental_subject_line": "Re: A-1",
    "experimental_references_message_id": "<1@example.com>",
    "experimental_in_reply_to_message_id": "<1@example.com>",
    "template": None,
}
CALL: dict[str, Any] = {
    "run_id": "refunds-1",
    "call_id": "call-7",
    "spec": {
        "fn": "refund",
        "kwargs": {"order": "A-1", "amount": 40, "express": True},
        "channel": {"slack": SLACK, "sms": None, "whatsapp": None, "email": None},
        "reject_options": [{"name": "too_much", "title": "Too much", "description": "Ask for less."}],
        "state": {"thread": [1, 2]},
    },
    "status": None,
}
CONTACT: dict[str, Any] = {
    "run_id": "refunds-1",
    "call_id": "call-8",
    "spec": {
        "msg": "Which address?",
        "response_options": [
            {"name": "old", "title": "The old one", "prompt_fill": "Use the old address."},
            {"name": "new"},
        ],
    },
}


def test_a_call_comes_back_as_it_was_and_pending(sender: WebCaller) -> None:
    posted = sender.post(CALLS, CALL)

    escalation = Escalation.objects.get()
    assert (posted.status, posted.headers["Location"].endswith("/function_calls/call-7")) == (201, True)
    assert posted.body["status"] | {"requested_at": 0} == dict.fromkeys(posted.body["status"]) | {
        "requested_at": 0
    }
    assert posted.body["spec"]["kwargs"] == CALL["spec"]["kwargs"]
    assert (posted.body["spec"]["state"], posted.body["run_id"]) == ({"thread": [1, 2]}, "refunds-1")
    assert escalation.action == {"name": "refund", "arguments": CALL["spec"]["kwargs"]}
    assert "too_much" in escalation.explanation
    assert sender.get(f"{CALLS}/call-7").body == posted.body


def test_nobody_reads_a_key_to_the_senders_slack(sender: WebCaller) -> None:
    posted = sender.post(CALLS, CALL)

    assert "xoxb" not in str(posted.body) + str(Escalation.objects.get().metadata)
    assert posted.body["spec"]["channel"]["slack"]["channel_or_user_id"] == "C123456"


def test_whom_a_mail_would_have_gone_to_comes_back(sender: WebCaller) -> None:
    channel = {"slack": None, "sms": None, "whatsapp": None, "email": EMAIL}

    posted = sender.post(CONTACTS, CONTACT | {"spec": CONTACT["spec"] | {"channel": channel}})

    assert (posted.status, posted.body["spec"]["channel"]) == (201, channel)


def test_a_call_id_makes_one_escalation_for_good(sender: WebCaller) -> None:
    first = sender.post(CALLS, CALL)
    again = sender.post(CALLS, CALL)
    other = sender.post(CALLS, CALL | {"run_id": "refunds-2"})

    assert (first.status, again.status, again.headers["Idempotent-Replayed"]) == (201, 200, "true")
    assert (again.body, other.status) == (first.body, 422)
    assert Escalation.objects.count() == 1


@pytest.mark.parametrize(
    ("verdict", "answer", "approved", "comment"),
    [
        ("accept", {}, True, None),
        ("accept", {"note": "Fine."}, True, "Fine."),
        ("reject", {"note": "No."}, False, "No."),
        ("reject", {}, False, "It was rejected."),
        ("dismiss", {}, False, "It was dismissed: no answer is needed."),
        (
            "edit",
            {"arguments": {"order": "A-1", "amount": 30}},
            False,
            'Use these arguments instead: {"order": "A-1", "amount": 30}',
        ),
    ],
)
def test_each_verdict_on_a_call_has_its_word(
    sender: WebCaller, say: Say, verdict: str, answer: Any, approved: bool, comment: str | None
) -> None:
    sender.post(CALLS, CALL)
    say(verdict, **answer)

    status = sender.get(f"{CALLS}/call-7?wait=5").body["status"]

    assert (status["approved"], status["comment"]) == (approved, comment)
    assert status["responded_at"] is not None


def test_a_way_to_reject_is_named(sender: WebCaller, say: Say) -> None:
    sender.post(CALLS, CALL)
    say("reject", note="Half of it.", reason_code="too_much")

    status = sender.get(f"{CALLS}/call-7").body["status"]

    assert (status["approved"], status["reject_option_name"]) == (False, "too_much")


def test_what_nobody_decided_in_time_is_not_approved(
    sender: WebCaller, time_runs_out: Callable[[], None]
) -> None:
    sender.post(CALLS, CALL)
    sender.post(CONTACTS, CONTACT)
    time_runs_out()

    call, contact = sender.get(f"{CALLS}/call-7").body, sender.get(f"{CONTACTS}/call-8").body

    assert (call["status"]["approved"], call["status"]["comment"]) == (False, "Nobody decided in time.")
    assert contact["status"]["response"] == "Nobody decided in time."


@pytest.mark.parametrize(
    ("verdict", "answer", "response", "option"),
    [
        ("answer", {"answer": "old"}, "Use the old address.", "old"),
        ("answer", {"answer": "new"}, "new", "new"),
        ("answer", {"answer": "Ask Bob."}, "Ask Bob.", None),
        ("answer", {"answer": {"street": 3}}, '{"street": 3}', None),
        ("dismiss", {}, "It was dismissed: no answer is needed.", None),
    ],
)
def test_each_answer_to_a_contact_has_its_word(
    sender: WebCaller, say: Say, verdict: str, answer: Any, response: str, option: str | None
) -> None:
    sender.post("/humanlayer/v1/human_contacts", CONTACT)
    say(verdict, **answer)

    status = sender.get(f"{CONTACTS}/call-8").body["status"]

    assert (status["response"], status["response_option_name"]) == (response, option)


def test_a_status_that_comes_along_approves_nothing(sender: WebCaller) -> None:
    posted = sender.post(CALLS, CALL | {"status": {"approved": True}})

    assert (posted.status, posted.body["status"]["approved"]) == (201, None)


def test_the_calls_of_others_are_not_there(sender: WebCaller, stranger: WebCaller) -> None:
    sender.post(CALLS, CALL)

    theirs, nobodys = stranger.get(f"{CALLS}/call-7"), stranger.get(f"{CALLS}/call-9")

    assert (theirs.status, nobodys.status) == (404, 404)
    assert sender.get(f"{CONTACTS}/call-7").status == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"call_id": "a/b"}, "/call_id"),
        ({"spec": {"fn": "refund"}}, "/spec/kwargs"),
        ({"spec": {"fn": "refund", "kwargs": {}, "chanel": {}}}, "/spec/chanel"),
        ({"spec": {"fn": "refund", "kwargs": []}}, "/spec/kwargs"),
        ({"spek": 1}, "/spek"),
    ],
)
def test_what_is_misspelt_is_refused(sender: WebCaller, change: Any, pointer: str) -> None:
    answer = sender.post(CALLS, CALL | change)

    assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, pointer)
    assert not Escalation.objects.exists()


def test_a_gate_is_named_in_the_address(sender: WebCaller) -> None:
    known, unknown = sender.post(f"{CALLS}?gate=default", CALL), sender.post(f"{CALLS}?gate=nowhere", CALL)

    assert (known.status, unknown.status) == (201, 400)
