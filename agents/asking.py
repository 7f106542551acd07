"""The tool by which an agent asks a human: offered to agents with `may_ask`, answered by a reviewer."""

from typing import Any, Final

ASK: Final = "ask_a_human"

ASK_A_HUMAN: Final[dict[str, Any]] = {
    "name": ASK,
    "description": "Ask a human what you cannot find out yourself. The answer comes as this tool's result.",
    "input_schema": {
        "type": "object",
        "additionalProperties": False,
        "required": ["question"],
        "properties": {
            "question": {
                "type": "string",
                "description": "One question, with all that is needed to answer it.",
            },
            "options": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The answers to choose from.",
            },
        },
    },
}
