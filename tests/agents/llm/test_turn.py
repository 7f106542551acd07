import pytest

from agents.llm.local.tokens import prompt_tokens
from agents.llm.turn import Turn, estimate_input_tokens
from tests.agents.llm.asking import asking


@pytest.mark.parametrize("text", ["Hi", "word " * 5_000, "注文はどこですか" * 500, "😀" * 500, "\ud800"])
def test_the_estimate_is_never_under_what_is_counted(text: str) -> None:
    request = asking(text)

    estimate = estimate_input_tokens(request)

    assert estimate > prompt_tokens(request.body())


def test_the_body_leaves_out_what_is_absent() -> None:
    request = asking("Hi", system="", tools=[], output_schema=None, user_id="")

    assert request.body().keys() == {"model", "max_tokens", "messages"}


def test_the_shape_is_the_same_on_every_turn_but_for_the_tool_choice() -> None:
    working, reporting = asking("Hi").body(), asking("Hi", allow_tools=False).body()

    assert reporting.pop("tool_choice") == {"type": "none"}
    assert working == reporting


def test_a_request_that_goes_on_asks_for_the_cache() -> None:
    asked, once = asking("Hi", goes_on=True).body(), asking("Hi").body()

    assert asked.pop("cache_control") == {"type": "ephemeral"}
    assert asked == once


def test_text_joins_the_text_blocks_alone() -> None:
    turn = Turn([{"type": "thinking", "thinking": "…", "signature": "s"}, {"type": "text", "text": "Hi"}])

    assert turn.text == "Hi"


@pytest.mark.parametrize(
    ("stop_reason", "cut"), [("max_tokens", None), (None, "eof"), ("tool_use", "connection")]
)
def test_calls_run_only_when_the_model_stopped_to_call_them(stop_reason: str | None, cut: str | None) -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "lookup_order", "input": {}}

    turn = Turn([call], stop_reason, cut=cut)

    assert turn.tool_uses == []
