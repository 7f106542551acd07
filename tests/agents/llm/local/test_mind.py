"""The local model's answers follow from the text in front of it, never from a list of answers."""

import json
from typing import Any

import pytest

from agents.llm.local.mind import think
from agents.llm.local.replies import Reply
from tests.agents.llm.asking import ANSWER, LOOKUP, asking, result

SEARCH = {
    "name": "search_help",
    "description": "Search the help articles.",
    "input_schema": {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
}
REFUND = {
    "name": "refund_order",
    "description": "Give money back.",
    "input_schema": {
        "type": "object",
        "properties": {
            "order_id": {"type": "string", "pattern": r"^ORD-\d{4}$"},
            "amount": {"type": "number"},
        },
        "required": ["order_id", "amount"],
    },
}
READ_PAGE = {
    "name": "read_page",
    "description": "Read one page of the document.",
    "input_schema": {"type": "object", "properties": {"page": {"type": "integer"}}, "required": ["page"]},
}


def calls_in(reply: Reply) -> list[tuple[str, dict[str, Any]]]:
    return [(block["name"], block["input"]) for block in reply.blocks if block["type"] == "tool_use"]


def answer_in(reply: Reply) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(reply.blocks[-1]["text"])
    return answer


def converse(
    text: str, tools: list[Any], results: dict[str, Any], **changes: Any
) -> tuple[list[Any], dict[str, Any]]:
    """Let the model work until it answers; the calls it made, and the answer."""
    said: list[Any] = [{"role": "user", "content": text}]
    made: list[Any] = []
    while calls := calls_in(reply := think(asking(text, tools=tools, messages=said, **changes).body())):
        made += calls
        answers = [_answered(block, results) for block in reply.blocks if block["type"] == "tool_use"]
        said += [{"role": "assistant", "content": list(reply.blocks)}, {"role": "user", "content": answers}]
    return made, answer_in(reply)


def _answered(use: dict[str, Any], results: dict[str, Any]) -> dict[str, Any]:
    if use["name"] in results:
        return result(use["id"], json.dumps(results[use["name"]]))
    return result(use["id"], "unavailable", is_error=True)


def test_it_looks_up_every_order_the_text_names_whatever_the_case() -> None:
    reply = think(asking("Where are ord-1001 and ORD-1002?").body())

    assert calls_in(reply) == [
        ("lookup_order", {"order_id": "ORD-1001"}),
        ("lookup_order", {"order_id": "ORD-1002"}),
    ]


@pytest.mark.parametrize("text", ["Where is my order?", "Where is ORD-12345?", "Where is order 1001?"])
def test_it_never_calls_a_tool_whose_argument_is_not_in_the_text(text: str) -> None:
    reply = think(asking(text).body())

    assert calls_in(reply) == []


def test_it_says_what_it_would_have_needed() -> None:
    _, answer = converse("Where is my order?", [LOOKUP], {})

    assert "the order id that lookup_order needs is not given" in answer["missing"]


def test_it_asks_for_a_thing_once() -> None:
    made, _ = converse("Where is ORD-1001?", [LOOKUP, SEARCH], {"lookup_order": {}, "search_help": []})

    assert [name for name, _ in made] == ["lookup_order", "search_help"]


def test_it_acts_only_when_the_text_asks_for_it() -> None:
    found = {"lookup_order": {"order_id": "ORD-1001", "amount": 12.5}, "refund_order": {"done": True}}

    asked, _ = converse("Please refund ORD-1001", [LOOKUP, REFUND], found)
    not_asked, _ = converse("Where is ORD-1001?", [LOOKUP, REFUND], found)

    assert asked[-1] == ("refund_order", {"order_id": "ORD-1001", "amount": 12.5})
    assert [name for name, _ in not_asked] == ["lookup_order"]


def test_its_reply_stands_in_what_it_found() -> None:
    article = {
        "text": "A stolen card is blocked in the app under Cards. A new one comes within a week by post."
    }

    _, answer = converse("My card was stolen", [SEARCH], {"search_help": [article]})

    assert answer["reply"] == "A stolen card is blocked in the app under Cards."


def test_a_failed_lookup_lowers_its_confidence_and_is_not_tried_again() -> None:
    found = {"lookup_order": {"state": "sent"}}

    _, sure = converse("Where is my order ORD-1001?", [LOOKUP], found)
    made, unsure = converse("Where is my order ORD-1001?", [LOOKUP], {})

    assert len(made) == 1
    assert unsure["confidence"] < sure["confidence"]
    assert "lookup_order gave no answer" in unsure["missing"]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("I think somebody has stolen my card", "lost_card"),
        ("What is the exchange rate for dollars?", "exchange_rate"),
        ("When will my order be delivered?", "order_status"),
    ],
)
def test_it_chooses_by_likeness(text: str, intent: str) -> None:
    answer = answer_in(think(asking(text, tools=[]).body()))

    assert answer["intent"] == intent


@pytest.mark.parametrize(
    "text", ["What is the meaning of life?", "asdf qwer", "?", "who won the cup in 1998"]
)
def test_it_is_unsure_of_what_it_knows_nothing_of(text: str) -> None:
    answer = answer_in(think(asking(text, tools=[]).body()))

    assert answer["intent"] == "other"
    assert answer["confidence"] < 60


def test_a_value_that_a_reviewer_names_outright_is_taken() -> None:
    said = [
        {"role": "user", "content": "It is about money"},
        {"role": "assistant", "content": [{"type": "text", "text": "{}"}]},
        {"role": "user", "content": "A reviewer says: this is exchange_rate."},
    ]

    answer = answer_in(think(asking("", messages=said).body()))

    assert answer["intent"] == "exchange_rate"


def test_the_same_request_gets_the_same_answer() -> None:
    body = asking("When will my order be delivered?").body()

    assert think(body) == think(body)


def test_it_reads_page_after_page_and_reports_what_is_left_when_it_must_stop() -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "total": {"anyOf": [{"type": "number"}, {"type": "null"}]},
            "missing": {"type": "array", "items": {"type": "string"}},
            "confidence": ANSWER["properties"]["confidence"],
        },
    }
    said: list[Any] = [{"role": "user", "content": "Invoice of 3 pages"}]
    first = think(asking("", tools=[READ_PAGE], messages=said, output_schema=schema).body())
    answered = [
        result(first.blocks[-3]["id"], "Page 1 of 3\nTotal: EUR 1,250.40"),
        result(first.blocks[-2]["id"], "Not run: the budget for tool calls is spent.", is_error=True),
        result(first.blocks[-1]["id"], "Not run: the budget for tool calls is spent.", is_error=True),
        {"type": "text", "text": "The budget is spent."},
    ]
    said += [{"role": "assistant", "content": list(first.blocks)}, {"role": "user", "content": answered}]

    report = think(
        asking("", tools=[READ_PAGE], messages=said, output_schema=schema, allow_tools=False).body()
    )

    assert [arguments for _, arguments in calls_in(first)] == [{"page": 1}, {"page": 2}, {"page": 3}]
    assert answer_in(report)["total"] == 1250.40
    assert answer_in(report)["missing"] == ["page 2 was not read", "page 3 was not read"]
    assert answer_in(report)["confidence"] <= 60


INVOICE = """INVOICE
Invoice number: R-2041
Date: 12 March 2026
Due date: 2026-04-11
Supplier: Nordlicht Papier
Subtotal: 1.050,00 EUR
VAT 19 %: 199,50 EUR
Total: 1.249,50 EUR
"""


@pytest.mark.parametrize(
    ("name", "schema", "value"),
    [
        ("invoice_number", {"type": "string"}, "R-2041"),
        ("invoice_date", {"type": "string", "format": "date"}, "2026-03-12"),
        ("due_date", {"type": "string"}, "2026-04-11"),
        ("supplier", {"type": "string"}, "Nordlicht Papier"),
        ("total", {"type": "number"}, 1249.5),
        ("currency", {"type": "string"}, "EUR"),
        ("iban", {"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
    ],
)
def test_it_reads_fields_with_the_line_that_holds_them(name: str, schema: Any, value: Any) -> None:
    parts = {"value": schema, "evidence": {"type": "string"}}
    field = {"type": "object", "additionalProperties": False, "properties": parts}
    wanted = {"type": "object", "additionalProperties": False, "properties": {name: field}}

    answer = answer_in(think(asking(INVOICE, tools=[], output_schema=wanted).body()))

    assert answer[name]["value"] == value
    assert answer[name]["evidence"] in INVOICE
