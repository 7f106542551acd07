from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.llm.pricing import Price, price_of
from agents.llm.turn import Usage


def known(model: str) -> Price:
    """The price of a model that must have one."""
    price = price_of(model)
    assert price
    return price


@pytest.mark.parametrize(
    ("model", "usage", "micro_usd"),
    [
        ("claude-haiku-5-5", Usage(1_000, 100), 150),
        ("claude-haiku-5-5", Usage(100_000, 0), 10_000),
        ("claude-haiku-5-5", Usage(100_001, 0), 50_001),
        ("claude-haiku-5-5", Usage(1, 0), 1),
        ("claude-sonnet-5-5", Usage(1_000, 1_000), 12_000),
        (
            "claude-sonnet-5-5",
            Usage(0, 0, cache_read=1_000, cache_write_5m=1_000, cache_write_1h=1_000),
            6_600,
        ),
        ("claude-opus-5-5", Usage(0, 1), 20),
    ],
)
def test_a_call_costs_what_the_price_list_says_rounded_up(model: str, usage: Usage, micro_usd: int) -> None:
    assert known(model).cost(usage) == micro_usd


def test_cached_tokens_count_for_the_band() -> None:
    price = known("claude-haiku-5-5")

    cost = price.cost(Usage(1, 0, cache_read=100_000))

    assert cost == 5_001  # 0.5 + 100 000 times 0.05, rounded up


@pytest.mark.parametrize("model", ["claude-nobody-1", "gpt-4", ""])
def test_a_model_without_a_price_has_none(model: str) -> None:
    assert price_of(model) is None


def test_a_dated_id_has_the_price_of_its_model() -> None:
    assert known("claude-haiku-4-5-20251001").bands == known("claude-haiku-4-5").bands


@given(usage=st.builds(Usage, *[st.integers(0, 150_000)] * 4))
def test_the_worst_case_is_never_under_the_cost(usage: Usage) -> None:
    price = known("claude-haiku-5-5")

    worst = price.worst(usage.prompt_tokens, usage.output_tokens)

    assert worst >= price.cost(usage)


def test_rates_are_exact() -> None:
    assert known("claude-haiku-5-5").bands[0].cache_write_5m == Decimal("0.125")
