"""A stream is put together as the SDK does it, wherever the network cuts it into pieces."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

import anthropic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.llm.local.replies import Reply
from agents.llm.local.server import LocalMessagesAPI
from agents.llm.messages import one_turn
from agents.llm.stream import MISFITS, Heard, events
from tests.agents.llm.asking import asking

LINES = "one\u2028two\x0bthree\r\nfour 🙂"
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"usage": {"input_tokens": 7, "output_tokens": 1}}},
    {"type": "ping"},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": LINES}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
    {"type": "message_stop"},
]
WIRE = b"".join(
    f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode() for event in EVENTS
)


def heard(chunks: list[bytes]) -> Heard:
    """What the chunks amount to."""
    said = Heard()
    for event in events(chunks):
        said.take(event)
    return said


@pytest.mark.parametrize(
    "reply",
    [
        Reply.answers(intent="other", confidence=40).thinks("Nothing to look up."),
        Reply.calls("lookup_order", order_id="ORD-1001")
        .and_calls("lookup_order", order_id="é\u2028")
        .thinks("Both."),
        Reply.calls("lookup_order"),
        Reply(
            (),
            stop_reason="refusal",
            stop_details={"type": "refusal", "category": "cyber", "explanation": ""},
        ),
    ],
)
def test_it_hears_what_the_sdk_hears(messages_api: LocalMessagesAPI, reply: Reply) -> None:
    messages_api.script("run-1", [reply, reply])
    request = asking("Hello")
    client = anthropic.Anthropic(api_key="any", base_url=messages_api.url, max_retries=0)
    with client, client.messages.stream(**request.body()) as stream:
        theirs = stream.get_final_message()

    ours = one_turn(request, deadline_s=10)

    assert ours.content == [block.to_dict(mode="json") for block in theirs.content]
    assert ours.stop_reason == theirs.stop_reason
    assert ours.stop_details == (theirs.stop_details and theirs.stop_details.to_dict(mode="json"))
    assert (ours.usage.input_tokens, ours.usage.output_tokens) == (
        theirs.usage.input_tokens,
        theirs.usage.output_tokens,
    )


@given(st.lists(st.integers(0, len(WIRE)), max_size=6))
def test_where_it_is_cut_into_chunks_changes_nothing(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(WIRE)]

    said = heard([WIRE[begin:end] for begin, end in pairwise(places)])

    assert (said.content, said.stop_reason) == ([{"type": "text", "text": LINES}], "end_turn")
    assert (said.billed().input_tokens, said.billed().output_tokens) == (7, 9)


KINDS = st.sampled_from(
    ["message_start", "content_block_start", "content_block_delta", "message_delta", "error"]
)
VALUES = st.recursive(
    st.none() | st.integers(0, 2) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["type", "usage", "message", "text", "stop_reason"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)
FIELDS = st.sampled_from(["message", "index", "content_block", "delta", "usage"])


@given(st.lists(st.tuples(KINDS, st.dictionaries(FIELDS, VALUES)), max_size=5))
def test_whatever_comes_is_taken_or_a_misfit(came: list[tuple[str, dict[str, Any]]]) -> None:
    said = Heard()

    with suppress(*MISFITS):
        for kind, fields in came:
            said.take({"type": kind, **fields})

    assert isinstance(said.content, list)


def test_a_delta_of_an_unknown_kind_is_not_passed_over() -> None:
    said = Heard([{"type": "text", "text": ""}])

    with pytest.raises(ValueError, match="unknown kind: aroma_delta"):
        said.take({"type": "content_block_delta", "index": 0, "delta": {"type": "aroma_delta"}})
