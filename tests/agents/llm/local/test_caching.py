"""What was sent before is read from the cache, as long as not a byte before the mark is another."""

from __future__ import annotations

from typing import Any

import pytest

from agents.llm.local.server import LocalMessagesAPI
from agents.llm.local.tokens import prompt_tokens
from tests.agents.llm.local.raw import body, post

MARK = {"cache_control": {"type": "ephemeral"}}
LONG = "Where is my order? " * 400
ASKED = {"role": "user", "content": [{"type": "text", "text": LONG}]}
SAID = {"role": "assistant", "content": [{"type": "text", "text": "It was sent."}]}
AGAIN = {"role": "user", "content": [{"type": "text", "text": "When?"}]}


def billed(api: LocalMessagesAPI, **changes: Any) -> tuple[int, int, int]:
    """Plain, written and read tokens of one request."""
    sent = body(**({"messages": [ASKED]} | MARK | changes))
    usage = post(api, sent).json()["usage"]
    read, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
    assert usage["input_tokens"] + read + written == prompt_tokens(sent)
    assert sum(usage["cache_creation"].values()) == written
    return usage["input_tokens"], written, read


def test_the_next_turn_reads_what_the_one_before_wrote(messages_api: LocalMessagesAPI) -> None:
    _, wrote, nothing = billed(messages_api)

    _, more, read = billed(messages_api, messages=[ASKED, SAID, AGAIN])

    assert (wrote > 1800, nothing, read) == (True, 0, wrote)
    assert 0 < more < 60


@pytest.mark.parametrize(
    "changes",
    [
        {"system": "Be brief."},
        {"model": "claude-sonnet-5-5"},
        {"output_config": {"effort": "low"}},
        {"messages": [ASKED | {"content": [{"type": "text", "text": LONG + "!"}]}]},
        {"cache_control": None},
    ],
)
def test_another_beginning_reads_nothing(messages_api: LocalMessagesAPI, changes: dict[str, Any]) -> None:
    billed(messages_api)

    _, _, read = billed(messages_api, **changes)

    assert read == 0


def test_a_short_prompt_is_not_cached(messages_api: LocalMessagesAPI) -> None:
    short = [{"role": "user", "content": "Hello"}]
    billed(messages_api, messages=short)

    _, written, read = billed(messages_api, messages=short)

    assert (written, read) == (0, 0)


def test_a_block_may_carry_the_mark(messages_api: LocalMessagesAPI) -> None:
    system = [{"type": "text", "text": LONG} | MARK]
    short = {"role": "user", "content": "Hello"}
    _, wrote, _ = billed(messages_api, system=system, messages=[short], cache_control=None)

    _, more, read = billed(
        messages_api, system=system, messages=[short | {"content": "Bye"}], cache_control=None
    )

    assert (more, read) == (0, wrote)


def test_an_hour_is_told_apart_from_five_minutes(messages_api: LocalMessagesAPI) -> None:
    sent = body(messages=[ASKED], cache_control={"type": "ephemeral", "ttl": "1h"})

    made = post(messages_api, sent).json()["usage"]["cache_creation"]

    assert made["ephemeral_5m_input_tokens"] == 0 < made["ephemeral_1h_input_tokens"]
