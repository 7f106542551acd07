from typing import Any

import httpx2
import pytest

from agents.llm.local.server import LocalMessagesAPI
from tests.agents.llm.local.raw import CALL, HEADERS, RESULT, TOOL, body, post


def asks(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def says(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


MARKED = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}


def shaped(**schema: Any) -> dict[str, Any]:
    return {"format": {"type": "json_schema", "schema": schema}}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"temperature": 1}, "`temperature` is not supported"),
        ({"top_p": 1}, "`top_p` is not supported"),
        ({"top_k": 1}, "`top_k` is not supported"),
        ({"colour": "red"}, "colour: Extra inputs"),
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"max_tokens": 0}, "greater than or equal to 1"),
        ({"max_tokens": True}, "max_tokens: Input should be an integer"),
        ({"max_tokens": 10**6}, "maximum for this model"),
        ({"system": 5}, "system: Input should be"),
        ({"thinking": {"type": "disabled"}}, "always adaptive"),
        ({"metadata": {"user_id": "x" * 257}}, "at most 256"),
        ({"tools": [TOOL, TOOL]}, "names must be unique"),
        ({"tools": [TOOL | {"name": "a name"}]}, "should match pattern"),
        ({"tools": [{"name": "look"}]}, "input_schema"),
        ({"tools": [TOOL], "tool_choice": {"type": "any"}}, "Forcing tool use"),
        ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "look"}}, "Forcing tool use"),
        ({"tool_choice": {"type": "none"}}, "while providing tools"),
        ({"cache_control": {"type": "lasting"}}, "cache_control.type"),
        ({"cache_control": {"type": "ephemeral", "ttl": "1d"}}, "cache_control.ttl"),
        ({"messages": [asks([MARKED] * 5)]}, "A maximum of 4 blocks with cache_control"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort"),
        ({"output_config": shaped(type="object", properties={})}, "'additionalProperties' must be"),
        ({"output_config": shaped(type="number", minimum=0)}, "property 'minimum' is not supported"),
        ({"messages": []}, "at least one message"),
        ({"messages": [asks("")]}, "non-empty"),
        ({"messages": [asks([])]}, "non-empty content"),
        ({"messages": [says({"type": "text", "text": "Hi"}), asks("Hi")]}, "first message must use the user"),
        ({"messages": [asks("Hi"), says({"type": "text", "text": "{"})]}, "prefill"),
        ({"messages": [asks([RESULT])], "tools": [TOOL]}, "unexpected `tool_use_id`"),
        ({"messages": [asks("Hi"), says(CALL), asks([RESULT])]}, "must define tools"),
    ],
)
def test_a_request_that_breaks_a_rule_is_refused(
    messages_api: LocalMessagesAPI, changes: dict[str, Any], complaint: str
) -> None:
    answer = post(messages_api, body(**changes))

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert complaint in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("after_the_call", "complaint"),
    [
        ([asks("And?")], "without `tool_result` blocks immediately after: toolu_1"),
        ([asks([{"type": "text", "text": "So:"}, RESULT])], "must come before any other content"),
        ([asks([RESULT, RESULT])], "a single result"),
        ([asks([RESULT]), says({"type": "text", "text": "ok"}), asks([RESULT])], "unexpected `tool_use_id`"),
    ],
)
def test_each_call_is_answered_once_and_first_of_all(
    messages_api: LocalMessagesAPI, after_the_call: list[Any], complaint: str
) -> None:
    answer = post(messages_api, body(tools=[TOOL], messages=[asks("Hi"), says(CALL), *after_the_call]))

    assert answer.status_code == 400
    assert complaint in answer.json()["error"]["message"]


def test_results_in_order_with_words_after_them_are_taken(messages_api: LocalMessagesAPI) -> None:
    other_call, other_result = CALL | {"id": "toolu_2"}, RESULT | {"tool_use_id": "toolu_2", "is_error": True}
    words = {"type": "text", "text": "Go on."}

    answer = post(
        messages_api,
        body(
            tools=[TOOL], messages=[asks("Hi"), says(CALL, other_call), asks([RESULT, other_result, words])]
        ),
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/messages", {"anthropic-version": "2026-10-21"}, 401),
        ("/v1/messages", {"x-api-key": "any"}, 400),
        ("/v1/nothing", HEADERS, 404),
    ],
)
def test_the_door_is_checked_first(
    messages_api: LocalMessagesAPI, path: str, headers: dict[str, str], status: int
) -> None:
    answer = httpx2.post(messages_api.url + path, json=body(), headers=headers, trust_env=False)

    assert answer.status_code == status
    assert answer.json()["request_id"] == answer.headers["request-id"]


def test_a_body_that_is_not_json_is_refused(messages_api: LocalMessagesAPI) -> None:
    answer = httpx2.post(f"{messages_api.url}/v1/messages", content=b"{", headers=HEADERS, trust_env=False)

    assert answer.status_code == 400
