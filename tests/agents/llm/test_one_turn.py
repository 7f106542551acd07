import json
from dataclasses import replace

import pytest
from pytest_django import Settings

from agents.llm.local.replies import Reply
from agents.llm.local.server import LocalMessagesAPI
from agents.llm.messages import one_turn
from agents.llm.turn import Usage
from tests.agents.llm.asking import asking, result


def test_a_scripted_answer_comes_back_whole(messages_api: LocalMessagesAPI) -> None:
    messages_api.script("run-1", [Reply.answers(intent="other", confidence=40)])

    turn = one_turn(asking("Hello"), deadline_s=10)

    assert (turn.stop_reason, turn.cut, turn.error) == ("end_turn", None, None)
    assert json.loads(turn.text) == {"intent": "other", "confidence": 40}
    assert turn.request_id
    assert turn.request_id.startswith("req_")


def test_tool_calls_keep_their_order_and_arguments(messages_api: LocalMessagesAPI) -> None:
    calls = Reply.calls("lookup_order", order_id="ORD-1001").and_calls("lookup_order", order_id="ORD-1002")
    messages_api.script("run-1", [calls])

    turn = one_turn(asking("Hello"), deadline_s=10)

    assert [call["input"]["order_id"] for call in turn.tool_uses] == ["ORD-1001", "ORD-1002"]


def test_blocks_come_back_verbatim_and_can_be_sent_back(messages_api: LocalMessagesAPI) -> None:
    request = asking("Where is ORD-1001?")
    first = one_turn(request, deadline_s=10)
    call = first.tool_uses[0]
    said = [
        *request.messages,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result(call["id"], '{"status": "shipped"}')]},
    ]

    second = one_turn(replace(request, messages=said), deadline_s=10)

    assert first.content[0].keys() == {"type", "thinking", "signature"}
    assert second.error is None
    assert json.loads(second.text)["evidence"] == [call["id"]]


def test_usage_is_what_the_stream_says_at_its_end(messages_api: LocalMessagesAPI) -> None:
    billed = {"input_tokens": 7, "output_tokens": 11, "cache_read_input_tokens": 5}
    messages_api.script("run-1", [Reply(({"type": "text", "text": "Hi"},), usage=billed)])

    turn = one_turn(asking("Hello"), deadline_s=10)

    assert turn.usage == Usage(input_tokens=7, output_tokens=11, cache_read=5)


def test_the_final_report_keeps_the_tools_and_forbids_them(messages_api: LocalMessagesAPI) -> None:
    turn = one_turn(asking("Where is ORD-1001?", allow_tools=False), deadline_s=10)

    sent = messages_api.requests[-1]
    assert sent["tools"]
    assert sent["tool_choice"] == {"type": "none"}
    assert turn.tool_uses == []
    assert turn.stop_reason == "end_turn"


def test_a_call_cut_by_max_tokens_never_runs(messages_api: LocalMessagesAPI) -> None:
    messages_api.script("run-1", [Reply.calls("lookup_order", order_id="ORD-1001" * 50)])

    turn = one_turn(asking("Hello", max_tokens=30), deadline_s=10)

    assert turn.stop_reason == "max_tokens"
    assert turn.content[-1]["type"] == "tool_use"
    assert turn.tool_uses == []


def test_a_refusal_says_so_and_why(messages_api: LocalMessagesAPI) -> None:
    refused = {"type": "refusal", "category": "cyber", "explanation": None}
    messages_api.script("run-1", [Reply(stop_reason="refusal", stop_details=refused)])

    turn = one_turn(asking("Hello"), deadline_s=10)

    assert turn.stop_reason == "refusal"
    assert turn.stop_details
    assert turn.stop_details["category"] == "cyber"


def test_without_a_key_and_an_address_nothing_is_called(settings: Settings) -> None:
    settings.ANTHROPIC_API_KEY = settings.ANTHROPIC_BASE_URL = ""

    turn = one_turn(asking("Hello"), deadline_s=10)

    assert turn.error
    assert turn.error.kind == "auth"


@pytest.mark.parametrize("model", ["claude-haiku-5-5", "claude-sonnet-5-5", "claude-sonnet-4-6"])
def test_the_models_in_use_answer(messages_api: LocalMessagesAPI, model: str) -> None:
    turn = one_turn(asking("I lost my card", model=model), deadline_s=10)

    assert turn.error is None
    assert json.loads(turn.text)["intent"] == "lost_card"
