import socket
import time

import pytest
from pytest_django import Settings

from agents.llm.local.faults import Fault
from agents.llm.local.replies import Reply
from agents.llm.local.server import LocalMessagesAPI
from agents.llm.messages import one_turn
from agents.llm.turn import Turn
from tests.agents.llm.asking import asking

LONG_TEXT = "The order was sent yesterday and will be there tomorrow. " * 20


@pytest.mark.parametrize(
    ("fault", "kind", "status", "passing"),
    [
        ("rate_limited", "rate_limited", 429, True),
        ("overloaded", "overloaded", 529, True),
        ("internal_error", "unavailable", 500, True),
        ("spend_limit", "spend_limit", 429, False),
    ],
)
def test_a_refused_request_is_an_error_without_a_cut(
    messages_api: LocalMessagesAPI, fault: str, kind: str, status: int, passing: bool
) -> None:
    messages_api.script("run-1", [Fault(fault)])

    turn = one_turn(asking("Hello"), deadline_s=10)

    assert turn.error
    assert (turn.error.kind, turn.error.status, turn.error.is_passing) == (kind, status, passing)
    assert turn.cut is None


def test_a_retry_after_of_two_hours_is_told_at_once(messages_api: LocalMessagesAPI) -> None:
    messages_api.script("run-1", [Fault("rate_limited", retry_after_s=7200)])
    begun = time.monotonic()

    turn = one_turn(asking("Hello"), deadline_s=10)

    assert turn.error
    assert turn.error.retry_after_s == 7200
    assert time.monotonic() - begun < 60  # seconds, of the two hours
    assert len(messages_api.requests) == 1


def test_an_unknown_model_is_a_bad_request(messages_api: LocalMessagesAPI) -> None:
    turn = one_turn(asking("Hello", model="claude-nobody-1"), deadline_s=10)

    assert turn.error
    assert (turn.error.kind, turn.error.status) == ("bad_request", 404)


def test_nobody_listening_is_an_error_that_costs_nothing(settings: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.ANTHROPIC_BASE_URL = f"http://127.0.0.1:{free.getsockname()[1]}"

        turn = one_turn(asking("Hello"), deadline_s=10)

    assert turn.error
    assert (turn.error.kind, turn.error.status, turn.cut) == ("unavailable", None, None)


def test_no_answer_in_time_may_have_been_billed(messages_api: LocalMessagesAPI) -> None:
    turn = timed_out(messages_api, Fault("slow_first_byte", seconds=90))

    assert turn.error
    assert (turn.error.kind, turn.cut) == ("unavailable", "no_answer")


def test_a_stream_of_nothing_but_pings_ends_at_the_deadline(messages_api: LocalMessagesAPI) -> None:
    turn = timed_out(messages_api, Fault("ping_only", seconds=90))

    assert (turn.cut, turn.error, turn.stop_reason) == ("deadline", None, None)


def timed_out(messages_api: LocalMessagesAPI, fault: Fault) -> Turn:
    """Meet the fault under a deadline of half a second, and see it kept."""
    messages_api.script("run-1", [fault])
    begun = time.monotonic()
    turn = one_turn(asking("Hello"), deadline_s=0.5)
    assert 0.4 < time.monotonic() - begun < 60
    return turn


@pytest.mark.parametrize(
    ("fault", "cut"), [("polite_eof", "eof"), ("reset", "connection"), ("error_event", "error_event")]
)
def test_a_stream_that_breaks_keeps_the_text_that_came(
    messages_api: LocalMessagesAPI, fault: str, cut: str
) -> None:
    messages_api.script("run-1", [Fault(fault)])

    turn = one_turn(asking(LONG_TEXT, tools=[]), deadline_s=10)

    assert (turn.cut, turn.stop_reason) == (cut, None)
    assert turn.text.startswith('{"intent": ')


def test_an_error_inside_a_stream_is_known_by_its_type(messages_api: LocalMessagesAPI) -> None:
    messages_api.script("run-1", [Fault("error_event")])

    turn = one_turn(asking("I lost my card"), deadline_s=10)

    assert turn.error
    assert (turn.error.kind, turn.error.status) == ("overloaded", 200)


def test_a_truncated_call_never_runs(messages_api: LocalMessagesAPI) -> None:
    messages_api.script("run-1", [Fault("truncated_call")])

    turn = one_turn(asking("Where is ORD-1001?"), deadline_s=10)

    assert turn.content[-1]["type"] == "tool_use"
    assert turn.tool_uses == []


def test_a_call_with_garbled_arguments_is_a_cut(messages_api: LocalMessagesAPI) -> None:
    garbled = {"type": "tool_use", "id": "toolu_1", "name": "lookup_order", "input": {}, "partial_json": "{]"}
    messages_api.script("run-1", [Reply((garbled,), stop_reason="tool_use")])

    turn = one_turn(asking("Hello"), deadline_s=10)

    assert turn.cut == "malformed"
    assert turn.tool_uses == []
