"""What a confidence has meant, where humans looked."""

from __future__ import annotations

import numpy as np
import pytest

from escalation.tuning.calibration import MOST_BINS, Fitted, expected_error, fit, reliability
from escalation.tuning.statistics import Stratum


def boasting(number: int, seed: int = 1) -> Stratum:
    """Results that are right in the square of what they say."""
    random = np.random.default_rng(seed)
    confidences = random.uniform(0.3, 1.0, number)
    return Stratum.of(confidences, confidences, random.random(number) > confidences**2)


def test_many_labels_show_what_a_confidence_is_worth() -> None:
    fitted = fit([boasting(20_000)])

    assert fitted is not None
    assert fitted.method == "isotonic"
    assert [fitted.of(c) for c in (0.5, 0.8)] == pytest.approx([0.25, 0.64], abs=0.06)


def test_few_labels_lean_on_what_the_agent_says() -> None:
    fitted = fit([boasting(60)])

    assert fitted is not None
    assert fitted.method == "platt"
    assert 0.5 < (fitted.of(0.8) or 0) < 0.8


def test_a_handful_says_nothing() -> None:
    assert fit([boasting(19)]) is None
    assert fit([]) is None


@pytest.mark.parametrize("number", [60, 5000])
def test_it_never_falls(number: int) -> None:
    said = np.linspace(0, 1, number)
    backwards = Stratum.of(said, said, said > 0.5)

    fitted = fit([backwards])

    assert fitted is not None
    shares = [share for _, share in fitted.knots]
    assert shares == sorted(shares)


def test_nothing_is_said_where_nobody_looked() -> None:
    fitted = Fitted("isotonic", [(0.4, 0.2), (0.8, 0.9)], labels=300)

    assert [fitted.of(c) for c in (0.39, 0.4, 0.6, 0.8, 0.81)] == [None, 0.2, pytest.approx(0.55), 0.9, None]


def test_a_label_counts_for_those_it_stands_for() -> None:
    seen = Stratum.of(np.full(300, 0.6), np.full(300, 0.6), np.ones(300, bool))
    audited = Stratum.of(np.full(2700, 0.6), np.full(100, 0.6), np.zeros(100, bool), audits=True)

    fitted = fit([seen, audited])

    assert fitted is not None
    assert fitted.of(0.6) == pytest.approx(0.9)


def test_bins_hold_about_as_many_and_say_where_nobody_looked() -> None:
    looked, unseen = boasting(3000), np.linspace(0.05, 0.2, 300)

    bins = reliability([looked, Stratum.of(unseen, np.empty(0), np.empty(0, bool))])

    assert len(bins) == MOST_BINS
    assert sum(one.outcomes for one in bins) == 3300
    assert bins[0].right.labels == 0
    assert all(one.right.low <= one.right.share <= one.right.high for one in bins if one.right.labels)


def test_ties_share_a_bin() -> None:
    sure = Stratum.of(np.ones(500), np.ones(500), np.arange(500) < 50)

    (only,) = reliability([sure])

    assert (only.low, only.high, only.outcomes) == (1.0, 1.0, 500)
    assert only.right.share == pytest.approx(0.9)
    assert expected_error([only]) == pytest.approx(0.1)


def test_the_error_is_small_for_an_honest_agent_and_unknown_without_labels() -> None:
    random = np.random.default_rng(2)
    said = random.uniform(0.2, 1, 20_000)
    honest = Stratum.of(said, said, random.random(20_000) > said)

    assert (expected_error(reliability([honest])) or 0) < 0.02
    assert (expected_error(reliability([boasting(20_000)])) or 0) > 0.15
    assert expected_error(reliability([Stratum.of(said, np.empty(0), np.empty(0, bool))])) is None


@pytest.mark.parametrize(("share", "lowest"), [(0.1, 0.4), (0.55, 0.6), (0.9, 0.8), (0.95, None)])
def test_the_lowest_confidence_that_is_right_often_enough(share: float, lowest: float | None) -> None:
    fitted = Fitted("isotonic", [(0.4, 0.2), (0.8, 0.9)], labels=300)

    assert fitted.lowest_with(share) == (None if lowest is None else pytest.approx(lowest))
