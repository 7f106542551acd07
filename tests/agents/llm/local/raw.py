"""Plain HTTP to the local Messages API, for requests that the SDK would not send."""

from typing import Any

import httpx2

from agents.llm.local.server import LocalMessagesAPI

HEADERS = {"authorization": "Bearer any", "anthropic-version": "2026-10-21"}
TOOL = {"name": "look", "description": "Look.", "input_schema": {"type": "object", "properties": {}}}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "seen"}


def body(**changes: Any) -> dict[str, Any]:
    """A valid request, but for the changes; None takes a field away."""
    fields = {
        "model": "claude-haiku-5-5",
        "max_tokens": 500,
        "messages": [{"role": "user", "content": "Hello"}],
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


def post(api: LocalMessagesAPI, sent: Any, path: str = "/v1/messages") -> httpx2.Response:
    """Post JSON as it is."""
    return httpx2.post(api.url + path, json=sent, headers=HEADERS, trust_env=False)
