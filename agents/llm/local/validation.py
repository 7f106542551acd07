"""The rules that the real API holds a request to, so that breaking them is found offline."""

import re
from collections.abc import Mapping
from typing import Any

from agents.llm.local.caching import check_marks
from agents.llm.local.catalogue import MAX_INPUT_TOKENS, MAX_OUTPUT_TOKENS, described
from agents.llm.local.errors import invalid
from agents.llm.local.tokens import prompt_tokens
from agents.llm.local.transcript import check_messages
from agents.llm.output_schema import refusals

REQUIRED = ("model", "max_tokens", "messages")
OPTIONAL = {
    "cache_control", "metadata", "output_config", "service_tier", "stop_sequences", "stream", "system",
    "thinking", "tool_choice", "tools",
}  # fmt: skip
REMOVED = ("temperature", "top_p", "top_k")
EFFORTS = ("low", "medium", "high", "xhigh", "max", None)
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")


def check_request(body: Any, *, counting: bool = False) -> dict[str, Any]:
    """Give the request back if it keeps the rules; one that only counts tokens needs no `max_tokens`."""
    if not isinstance(body, dict):
        raise invalid("The request body must be a JSON object.")
    for name in REMOVED:
        if name in body:
            raise invalid(f"`{name}` is not supported by this model.")
    for name in body:
        if name not in OPTIONAL and name not in REQUIRED:
            raise invalid(f"{name}: Extra inputs are not permitted")
    for name in REQUIRED:
        if name not in body and not (counting and name == "max_tokens"):
            raise invalid(f"{name}: Field required")
    described(str(body["model"]))
    _check_max_tokens(body.get("max_tokens", 1))
    _check_system(body.get("system", ""))
    _check_tools(body)
    _check_output(body.get("output_config", {}))
    _check_rest(body)
    check_messages(body)
    check_marks(body)
    _check_size(body)
    return body


def _check_max_tokens(max_tokens: Any) -> None:
    if not isinstance(max_tokens, int) or isinstance(max_tokens, bool) or max_tokens < 1:
        raise invalid("max_tokens: Input should be an integer greater than or equal to 1")
    if max_tokens > MAX_OUTPUT_TOKENS:
        raise invalid(f"max_tokens: {max_tokens} > {MAX_OUTPUT_TOKENS}, which is the maximum for this model")


def _check_system(system: Any) -> None:
    blocks = [{"type": "text", "text": system}] if isinstance(system, str) else system
    if not isinstance(blocks, list) or any(block.get("type") != "text" for block in blocks):
        raise invalid("system: Input should be a string or a list of text blocks")


def _check_tools(body: Mapping[str, Any]) -> None:
    tools = body.get("tools", [])
    names = [tool.get("name") for tool in tools]
    for place, tool in enumerate(tools):
        if not TOOL_NAME.fullmatch(str(tool.get("name"))):
            raise invalid(f"tools.{place}.name: String should match pattern '^{TOOL_NAME.pattern}$'")
        if tool.get("input_schema", {}).get("type") != "object":
            raise invalid(f"tools.{place}.input_schema.type: Field required to be 'object'")
    if len(set(names)) < len(names):
        raise invalid("tools: Tool names must be unique.")
    if body.get("tool_choice") is not None:
        _check_tool_choice(body["tool_choice"], tools)


def _check_tool_choice(choice: Mapping[str, Any], tools: list[Any]) -> None:
    if not tools:
        raise invalid("tool_choice may only be specified while providing tools.")
    if choice.get("type") in {"any", "tool"}:
        raise invalid("tool_choice: Forcing tool use is not supported by this model.")
    if choice.get("type") not in {"auto", "none"}:
        raise invalid("tool_choice.type: Input should be 'auto' or 'none'")


def _check_output(output: Mapping[str, Any]) -> None:
    if output.get("effort") not in EFFORTS:
        raise invalid("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
    wanted = output.get("format")
    if wanted is None:
        return
    if wanted.get("type") != "json_schema" or not isinstance(wanted.get("schema"), dict):
        raise invalid("output_config.format: Input should be a json_schema with its schema")
    if problem := next(refusals(wanted["schema"], "output_config.format.schema"), None):
        raise invalid(problem)


def _check_rest(body: Mapping[str, Any]) -> None:
    if body.get("thinking", {"type": "adaptive"}).get("type") != "adaptive":
        raise invalid("thinking.type: Thinking is always adaptive on this model.")
    user_id = body.get("metadata", {}).get("user_id")
    if user_id is not None and not (isinstance(user_id, str) and len(user_id) <= 256):
        raise invalid("metadata.user_id: String should have at most 256 characters")


def _check_size(body: Mapping[str, Any]) -> None:
    size = prompt_tokens(body)
    if size > MAX_INPUT_TOKENS:
        raise invalid(f"prompt is too long: {size} tokens > {MAX_INPUT_TOKENS} maximum")
