from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.guards.budget import Budget, Spend
from agents.guards.turn_plan import Finalise, Needs, Position, StopNow, TakeTurn, plan_turn

NEEDS = Needs(turn_tokens=4000, least_turn_tokens=1000, report_tokens=1500, least_report_tokens=200)


def price(tokens_in: int, tokens_out: int) -> int:
    """3 and 15 micro-dollars per token, and four times that for a long prompt, as some models' bands are."""
    return (tokens_in * 3 + tokens_out * 15) * (4 if tokens_in > 100_000 else 1)


def position(budget: Budget, *, spend: Spend = Spend(), transcript: int = 2000) -> Position:  # noqa: B008
    return Position(transcript, spend, budget, price)


def test_without_limits_the_turn_may_use_all_it_wants() -> None:
    plan = plan_turn(position(Budget()), NEEDS)

    assert plan == TakeTurn(4000, price(2000, 4000), price(2000 + 4000 + 2000, 1500), None)


def test_max_tokens_is_cut_to_what_the_money_still_buys() -> None:
    plan = plan_turn(position(Budget(cost_usd=Decimal("0.1"))), NEEDS)

    assert isinstance(plan, TakeTurn)
    assert 1000 <= plan.max_tokens < 4000
    assert plan.reserve_micro_usd + plan.holdback_micro_usd <= 100_000
    one_more = price(2000, plan.max_tokens + 1) + price(2000 + plan.max_tokens + 1 + 2000, 1500)
    assert one_more > 100_000


@pytest.mark.parametrize(
    ("budget", "spend", "detail"),
    [
        (Budget(cost_usd=Decimal("0.06")), Spend(10_000, turns=2), "stopped at $0.01 of $0.06 after 2 turns"),
        (Budget(tokens=9_000), Spend(tokens=3_000, turns=1), "stopped at 3,000 of 9,000 tokens after 1 turn"),
        (Budget(output_tokens=2_400), Spend(), "stopped at 0 of 2,400 output tokens after 0 turns"),
        (Budget(turns=6), Spend(turns=5), "stopped after 5 of 6 turns, $0.00 spent"),
        (Budget(turns=1), Spend(), "stopped after 0 of 1 turns, $0.00 spent"),
        (Budget(wall_clock_s=60), Spend(active_s=40), "stopped at 40 s of 60 s of work after 0 turns"),
    ],
)
def test_the_report_is_asked_for_while_it_can_still_be_paid(
    budget: Budget, spend: Spend, detail: str
) -> None:
    plan = plan_turn(position(budget, spend=spend), NEEDS)

    assert isinstance(plan, Finalise)
    assert plan.detail == detail
    assert plan.reserve_micro_usd == price(2000, plan.max_tokens)


@pytest.mark.parametrize(
    ("budget", "spend"),
    [
        (Budget(cost_usd=Decimal("0.06")), Spend(micro_usd=55_000)),
        (Budget(tokens=5_000), Spend(tokens=3_000)),
        (Budget(output_tokens=1_000), Spend(output_tokens=900)),
        (Budget(turns=6), Spend(turns=6)),
        (Budget(wall_clock_s=60), Spend(active_s=58)),
    ],
)
def test_when_not_even_the_report_can_be_paid_no_call_is_made(budget: Budget, spend: Spend) -> None:
    assert isinstance(plan_turn(position(budget, spend=spend), NEEDS), StopNow)


def test_the_same_budget_buys_less_once_the_transcript_has_grown() -> None:
    budget = Budget(cost_usd=Decimal("0.1"))

    short, long = plan_turn(position(budget), NEEDS), plan_turn(position(budget, transcript=9000), NEEDS)

    assert isinstance(short, TakeTurn)
    assert isinstance(long, Finalise)


def test_a_report_that_falls_into_a_dearer_band_is_held_back_at_that_price() -> None:
    plan = plan_turn(position(Budget(), transcript=99_000), NEEDS)

    assert isinstance(plan, TakeTurn)
    assert plan.holdback_micro_usd == 4 * ((99_000 + plan.max_tokens + 2000) * 3 + 1500 * 15)


def test_a_shared_budget_stops_a_run_that_has_money_of_its_own() -> None:
    alone = position(Budget(cost_usd=Decimal(5)), spend=Spend(micro_usd=200_000))

    plan = plan_turn(replace(alone, shared_micro_usd=40_000), NEEDS)

    assert isinstance(plan, Finalise)
    assert plan.detail == "stopped at $0.20: a budget shared with other runs has only $0.04 left"


def test_the_report_keeps_its_seconds_from_the_turn_before() -> None:
    plan = plan_turn(position(Budget(wall_clock_s=60), spend=Spend(active_s=10)), NEEDS)

    assert isinstance(plan, TakeTurn)
    assert plan.within_s == 30.0


@settings(max_examples=200)
@given(
    st.integers(10_000, 500_000),
    st.integers(10_000, 100_000),
    st.integers(2, 12),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12),
)
def test_a_run_never_passes_its_budget_however_the_turns_turn_out(
    cents: int, tokens: int, turns: int, luck: list[tuple[float, float]]
) -> None:
    budget = Budget(Decimal(cents) / 10**6, tokens=tokens, output_tokens=tokens // 5, turns=turns)
    spend, transcript = Spend(), 1500
    for used, grown in luck:
        plan = plan_turn(position(budget, spend=spend, transcript=transcript), NEEDS)
        if isinstance(plan, StopNow):
            # A turn is only begun if the report can follow: just a budget too small from the start ends so.
            assert spend == Spend()
            return
        out = round(plan.max_tokens * (used if isinstance(plan, TakeTurn) else 1))
        spend += Spend(price(transcript, out), transcript + out, out, turns=1)
        assert spend.micro_usd <= cents
        assert spend.tokens <= tokens
        assert spend.output_tokens <= tokens // 5
        assert spend.turns <= turns
        if isinstance(plan, Finalise):
            return
        transcript += out + round(NEEDS.growth_tokens * grown)
