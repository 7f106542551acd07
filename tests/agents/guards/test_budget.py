from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.guards.budget import (
    Budget,
    InvalidBudget,
    Spend,
    check_budget,
    grant_tool_calls,
    nearly_spent,
    require_return_partial,
    usd,
)
from agents.guards.verdict import PROCEED, Reason, Stop

FULL = Budget(Decimal("0.40"), tokens=50_000, output_tokens=9_000, turns=6, tool_calls=4, wall_clock_s=90.0)


def test_a_budget_survives_its_json_column() -> None:
    assert Budget.from_mapping(FULL.as_mapping()) == FULL


def test_limits_that_are_not_set_are_not_stored() -> None:
    assert Budget(turns=3).as_mapping() == {"turns": 3}


@pytest.mark.parametrize(
    ("written", "money"),
    [("0.40", "0.40"), (0.4, "0.4"), (2, "2"), (Decimal("0.000001"), "0.000001")],
)
def test_money_is_read_as_it_is_written(written: Any, money: str) -> None:
    assert Budget.from_mapping({"cost_usd": written}).cost_usd == Decimal(money)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"cost_usd": "lots"}, "budget.cost_usd is 'lots': give US dollars above 0"),
        ({"cost_usd": 0}, "budget.cost_usd is 0"),
        ({"cost_usd": True}, "budget.cost_usd is True"),
        ({"cost_usd": "NaN"}, "budget.cost_usd is 'NaN'"),
        ({"cost_usd": "0.0000001"}, "at most 6 places"),
        ({"tokens": 1.5}, "budget.tokens is 1.5: give a whole number from 1 up"),
        ({"turns": 0}, "budget.turns is 0: give a whole number from 1 up"),
        ({"turns": True}, "budget.turns is True"),
        ({"tool_calls": -1}, "budget.tool_calls is -1: give a whole number from 0 up"),
        ({"wall_clock_s": 0}, "budget.wall_clock_s is 0: give seconds above 0"),
        ({"wall_clock_s": float("nan")}, "budget.wall_clock_s is nan"),
        ({"dollars": 3}, "budget has no limit called dollars: use cost_usd, tokens"),
    ],
)
def test_a_budget_that_cannot_be_meant_says_what_to_mend(written: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidBudget) as refused:
        Budget.from_mapping(written)

    assert told in str(refused.value)


def test_a_grant_adds_to_the_limits_that_are_set() -> None:
    granted = Budget(Decimal("0.40"), turns=6).extended_by(Budget(Decimal("0.10"), tokens=1000))

    assert granted == Budget(Decimal("0.50"), turns=6)


def test_spend_survives_its_json_column() -> None:
    spend = Spend(400_000, 9_000, 2_000, 6, 4, 12.5)

    assert Spend.from_mapping(spend.as_mapping()) == spend


@pytest.mark.parametrize(
    ("spend", "detail"),
    [
        (Spend(micro_usd=400_000, turns=5), "stopped at $0.40 of $0.40 after 5 turns"),
        (Spend(tokens=50_000, turns=1), "stopped at 50,000 of 50,000 tokens after 1 turn"),
        (Spend(output_tokens=9_000, turns=2), "stopped at 9,000 of 9,000 output tokens after 2 turns"),
        (Spend(micro_usd=120_000, turns=6), "stopped after 6 of 6 turns, $0.12 spent"),
        (Spend(active_s=90.0, turns=3), "stopped at 90 s of 90 s of work after 3 turns"),
    ],
)
def test_each_limit_stops_the_run_and_says_so(spend: Spend, detail: str) -> None:
    assert check_budget(spend, FULL) == Stop(Reason.BUDGET_EXHAUSTED, detail)


def test_a_run_goes_on_while_the_next_turn_fits() -> None:
    assert check_budget(Spend(399_999, 49_999, 8_999, 5, 4, 89.0), FULL) == PROCEED


def test_a_run_without_limits_is_never_stopped() -> None:
    assert check_budget(Spend(10**12, 10**12, 10**12, 10**6, 10**6, 1e9), Budget()) == PROCEED


@pytest.mark.parametrize(
    ("spend", "used"),
    [
        (
            Spend(micro_usd=319_999, tokens=39_999, output_tokens=7_199, turns=4, tool_calls=3, active_s=71),
            None,
        ),
        (Spend(micro_usd=320_000), "$0.32 of $0.40"),
        (Spend(tokens=40_000), "40,000 of 50,000 tokens"),
        (Spend(output_tokens=7_200), "7,200 of 9,000 output tokens"),
        (Spend(turns=5), "5 of 6 turns"),
        (Spend(tool_calls=4), "4 of 4 tool calls"),
        (Spend(active_s=72.0), "72 s of 90 s of work"),
    ],
)
def test_a_limit_of_which_four_fifths_are_used_is_told(spend: Spend, used: str | None) -> None:
    assert nearly_spent(spend, FULL) == used


def test_a_limit_of_nothing_is_never_nearly_spent() -> None:
    assert nearly_spent(Spend(turns=9), Budget(tool_calls=0)) is None


@pytest.mark.parametrize(("wanted", "used", "granted"), [(3, 0, 3), (3, 2, 2), (1, 4, 0), (0, 4, 0)])
def test_of_parallel_tool_calls_the_first_that_fit_are_granted(wanted: int, used: int, granted: int) -> None:
    assert grant_tool_calls(wanted, Spend(tool_calls=used), FULL) == granted


def test_tool_calls_without_a_limit_are_all_granted() -> None:
    assert grant_tool_calls(50, Spend(tool_calls=1000), Budget()) == 50


def test_a_spent_budget_can_only_return_what_there_is() -> None:
    require_return_partial("return_partial")

    with pytest.raises(ValueError, match="throws away work that was paid for"):
        require_return_partial("raise")


@pytest.mark.parametrize(
    ("micro", "text"),
    [(0, "$0.00"), (400_000, "$0.40"), (1, "$0.000001"), (2_500, "$0.0025"), (3_000_000, "$3.00")],
)
def test_small_sums_show_the_places_they_need(micro: int, text: str) -> None:
    assert usd(micro) == text


COUNTS = st.integers(0, 10**6)
SPENDS = st.builds(Spend, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, st.floats(0, 1e6))


@given(SPENDS, SPENDS)
def test_a_run_that_was_let_on_never_passes_its_limits(spend: Spend, upcoming: Spend) -> None:
    if check_budget(spend, FULL, upcoming) == PROCEED:
        after = spend + upcoming
        assert after.micro_usd <= 400_000
        assert after.tokens <= 50_000
        assert after.output_tokens <= 9_000
        assert after.turns <= 6
        assert after.tool_calls <= 4
        assert after.active_s <= 90.0
