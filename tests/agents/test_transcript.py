"""The conversation is only ever added to, and every tool call gets its one answer in order."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agents.transcript import (
    BUDGET_SPENT,
    CUT_HERE,
    ROOM_FOR_RESULTS,
    asked_in,
    chain,
    is_unbroken,
    messages,
    of_the_budget,
    opening,
    reply,
    with_text,
)


@dataclass
class Said:
    sent: list[dict[str, Any]]
    content: list[dict[str, Any]] = field(default_factory=list)
    kept: bool = True
    aside: str = ""
    chain: str = ""


@dataclass
class Call:
    tool_use_id: str = "toolu_1"
    name: str = "look_up"
    arguments: dict[str, Any] = field(default_factory=dict)
    approved_arguments: dict[str, Any] | None = None
    output: Any = None
    error: str = ""
    cached_age_s: float | None = None


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def shown(call: Call) -> Any:
    return reply([call])[0]["content"][0]["content"]


def test_a_task_that_is_text_is_said_as_it_is() -> None:
    assert opening("Where?", "Look.") == [{"role": "user", "content": [text("Where?"), text("Look.")]}]


def test_a_task_that_is_not_text_is_said_as_json_in_its_order() -> None:
    (message,) = opening({"b": "é", "a": 1})

    assert message["content"][0]["text"] == '{\n "b": "é",\n "a": 1\n}'


def test_what_was_cut_leaves_its_question_only() -> None:
    steps = [Said(opening("a"), [text("b")]), Said(reply([], "c"), [text("d")], kept=False), Said([], [])]

    said = [(message["role"], message["content"][0]["text"]) for message in messages(steps)]
    assert said == [("user", "a"), ("assistant", "b"), ("user", "c")]


def test_what_was_said_aside_is_not_in_it() -> None:
    steps = [
        Said(opening("a", "n"), [text("b")]),
        Said(opening("c"), [text("d")], kept=False, aside="critic"),
    ]

    assert [message["role"] for message in messages(steps)] == ["user", "assistant"]
    assert asked_in(steps) == ["a", "n"]


def test_nothing_to_say_is_no_message() -> None:
    assert reply([], "", " ") == []


def test_results_come_before_words() -> None:
    (message,) = reply([Call("toolu_1", output=1), Call("toolu_2", error="no")], "Go on.")

    assert message["content"] == [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "1"},
        {"type": "tool_result", "tool_use_id": "toolu_2", "content": "no", "is_error": True},
        text("Go on."),
    ]


def test_words_are_added_without_changing_what_was_there() -> None:
    sent = reply([Call()])

    longer = with_text(sent, "Report.")

    assert longer[0]["content"] == [*sent[0]["content"], text("Report.")]
    assert len(sent[0]["content"]) == 1
    assert with_text([], "Report.") == [{"role": "user", "content": [text("Report.")]}]


def test_a_changed_and_a_cached_answer_say_so() -> None:
    edited = Call(arguments={"a": 1}, approved_arguments={"a": 2}, output="done")
    cached = Call(output="old", cached_age_s=840)
    accepted = Call(arguments={"a": 1}, approved_arguments={"a": 1}, output="done")

    assert shown(edited) == 'A reviewer changed the arguments before running: {"a":2}\ndone'
    assert shown(cached) == "CACHED 14 min ago; the live source is unavailable.\nold"
    assert shown(accepted) == "done"


def test_the_warning_takes_less_room_than_the_words_that_end_the_work() -> None:
    assert len(of_the_budget("1,999,999 of 2,499,999 output tokens")) <= len(BUDGET_SPENT)


@given(st.lists(st.text(max_size=30_000), min_size=1, max_size=6))
def test_results_stay_within_the_room_and_short_ones_are_never_cut(outputs: list[str]) -> None:
    (message,) = reply([Call(str(number), output=output) for number, output in enumerate(outputs)])

    texts = [block["content"] for block in message["content"]]
    assert sum(len(one.encode()) for one in texts) <= ROOM_FOR_RESULTS
    assert [block["tool_use_id"] for block in message["content"]] == [str(n) for n in range(len(outputs))]
    share = ROOM_FOR_RESULTS // len(outputs)
    for output, one in zip(outputs, texts, strict=True):
        assert one == output or (one.endswith(CUT_HERE) and len(output.encode()) > share)
        assert output.startswith(one.removesuffix(CUT_HERE))


@given(st.lists(st.lists(st.dictionaries(st.text(), st.text(), max_size=2), max_size=2), max_size=4))
def test_the_hash_is_of_every_byte_in_its_order(parts: list[list[dict[str, Any]]]) -> None:
    before = ""
    for part in parts:
        after = chain(before, part, part)
        assert after == chain(before, json.loads(json.dumps(part)), part)
        assert after != chain(before, [*part, {}], part)
        before = after


def test_a_changed_word_breaks_it_and_an_aside_does_not() -> None:
    first = Said(opening("a"), [text("b")], chain=chain("", opening("a"), [text("b")]))
    aside = Said(opening("c"), [text("d")], kept=False, aside="critic", chain=first.chain)
    cut = Said(reply([], "e"), [text("f")], kept=False, chain=chain(first.chain, reply([], "e"), []))

    assert is_unbroken([first, aside, cut])
    assert not is_unbroken([replace(first, content=[text("B")]), aside, cut])
    assert not is_unbroken([first, aside, replace(cut, sent=[])])
    assert not is_unbroken([first, replace(aside, chain="else"), cut])


def test_the_order_of_keys_is_part_of_the_hash() -> None:
    assert chain("", [{"a": 1, "b": 2}], []) != chain("", [{"b": 2, "a": 1}], [])
