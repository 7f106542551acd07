from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.guards.confidence import HardGates, check_confidence, parse_confidence, parse_percent
from agents.guards.verdict import PROCEED, Reason, Stop


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (0, 0.0),
        (1, 1.0),
        (0.75, 0.75),
        (Decimal("0.5"), 0.5),
        (None, None),
        (True, None),
        ("0.9", None),
        (float("nan"), None),
        (Decimal("sNaN"), None),
        (float("inf"), None),
        (1.7, None),
        (-0.1, None),
        (10**400, None),
        ([0.5], None),
    ],
)
def test_only_a_number_from_0_to_1_is_a_confidence(said: object, read: float | None) -> None:
    assert parse_confidence(said) == read


@pytest.mark.parametrize(
    ("said", "read"), [(0, 0.0), (75, 0.75), (100, 1.0), (101, None), (-5, None), (75.0, None), (True, None)]
)
def test_only_whole_percents_are_read(said: object, read: float | None) -> None:
    assert parse_percent(said) == read


def test_every_percent_is_the_double_a_threshold_is_written_with() -> None:
    assert all(parse_percent(percent) == float(f"{percent / 100:.2f}") for percent in range(101))


def test_a_confidence_at_the_threshold_passes() -> None:
    assert check_confidence(0.75, 0.75) == PROCEED


def test_the_nearest_double_below_the_threshold_does_not_pass() -> None:
    verdict = check_confidence(0.7499999999999999, 0.75)

    assert verdict == Stop(Reason.LOW_CONFIDENCE, "0.750 is under 0.750")


def test_no_confidence_does_not_pass_a_threshold_of_0() -> None:
    verdict = check_confidence(None, 0.0)

    assert isinstance(verdict, Stop)
    assert verdict.reason is Reason.NO_CONFIDENCE


def test_a_threshold_that_is_not_a_number_lets_nothing_pass() -> None:
    assert isinstance(check_confidence(1.0, float("nan")), Stop)


@pytest.mark.parametrize(
    ("gates", "reason"),
    [
        (HardGates(refused="the model declined"), Reason.MODEL_REFUSED),
        (HardGates(cut="the stream was cut"), Reason.OUTPUT_INVALID),
        (HardGates(unreadable="not JSON"), Reason.OUTPUT_INVALID),
        (HardGates(partial="stopped at $0.40 of $0.40"), Reason.BUDGET_EXHAUSTED),
        (HardGates(asked_for_help="which order?"), Reason.INPUT_REQUESTED),
        (HardGates(needs_approval="a refund of $120"), Reason.APPROVAL_REQUIRED),
        (HardGates(evidence_missing="no such tool use"), Reason.EVIDENCE_MISSING),
        (HardGates(fallback_used="a cached answer"), Reason.BREAKER_OPEN),
    ],
)
def test_no_number_outweighs_a_hard_gate(gates: HardGates, reason: Reason) -> None:
    verdict = check_confidence(1.0, 0.0, gates)

    assert isinstance(verdict, Stop)
    assert verdict.reason is reason


def test_what_makes_the_others_meaningless_is_told_first() -> None:
    verdict = check_confidence(0.1, 0.9, HardGates(refused="declined", evidence_missing="none"))

    assert verdict == Stop(Reason.MODEL_REFUSED, "declined")


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_gate_compares_exactly(confidence: float, threshold: float) -> None:
    assert (check_confidence(confidence, threshold) == PROCEED) is (confidence >= threshold)
