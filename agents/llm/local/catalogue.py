"""The model ids that this server answers to. Behind each of them is the same local model."""

from typing import Any

from agents.llm.local.errors import ApiError

MAX_OUTPUT_TOKENS = 64_000
MAX_INPUT_TOKENS = 1_000_000
MODELS = (
    "claude-fable-5-2",
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "claude-fable-5-1",
    "claude-opus-5",
    "claude-sonnet-5",
    "claude-fable-5",
    "claude-opus-4-8",
    "claude-opus-4-7",
    "claude-opus-4-6",
    "claude-sonnet-4-6",
    "claude-opus-4-5",
    "claude-haiku-4-5",
)


def listing() -> dict[str, Any]:
    """One page with every model."""
    return {
        "data": [_described(model) for model in MODELS],
        "has_more": False,
        "first_id": MODELS[0],
        "last_id": MODELS[-1],
    }


def described(model: str) -> dict[str, Any]:
    """One model; not found for an id that is not in the list."""
    if model not in MODELS:
        raise ApiError("not_found_error", f"model: {model}")
    return _described(model)


def _described(model: str) -> dict[str, Any]:
    family, *version = model.removeprefix("claude-").split("-")
    return {
        "type": "model",
        "id": model,
        "display_name": f"Claude {family.title()} {'.'.join(version)} (local model)",
        "created_at": "1970-01-01T00:00:00Z",
        "lifecycle": "active",
        "max_tokens": MAX_OUTPUT_TOKENS,
        "max_input_tokens": MAX_INPUT_TOKENS,
    }
