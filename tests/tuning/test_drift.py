"""A share that moves is noticed; one that keeps to what is tolerated hardly ever sets off an alarm."""

from __future__ import annotations

import numpy as np
import pytest

from escalation.tuning.drift import (
    DOUBT,
    MORE_ERRORS,
    Detector,
    Sums,
    errors_beyond,
    escalations_beyond,
    escalations_short_of,
    stakes_on,
    step,
)


def drawn(share: float, number: int, seed: int = 1) -> list[bool]:
    return [bool(hit) for hit in np.random.default_rng(seed).random(number) < share]


def test_a_bet_pays_as_the_method_says() -> None:
    stakes = stakes_on(0.05, MORE_ERRORS)

    after = step(np.array([0.0, 0.0, 0.0, 3.0]), 1.0, stakes, 0.05)

    # One wrong label multiplies by the multiple that was bet on.
    assert after == pytest.approx([1.5, 2.0, 3.0, (3.0 + 1) * 5.0])


def test_at_what_is_tolerated_the_sums_expect_one_more_each_time() -> None:
    stakes, tolerated = stakes_on(0.05, MORE_ERRORS), 0.05
    sums = np.array([7.0, 7.0, 7.0, 7.0])

    expected = tolerated * step(sums, 1.0, stakes, tolerated) + 0.95 * step(sums, 0.0, stakes, tolerated)

    assert expected == pytest.approx(sums + 1)


def test_a_bet_that_one_observation_would_ruin_is_not_made() -> None:
    assert len(stakes_on(0.05, MORE_ERRORS)) == 4
    assert len(stakes_on(0.30, MORE_ERRORS)) == 3
    assert len(stakes_on(1.0, MORE_ERRORS)) == 0


def test_in_parts_it_sees_what_it_sees_at_once() -> None:
    detector, values = errors_beyond(0.05, 1000), drawn(0.05, 300)

    whole, _ = detector.feed(Sums(), values)
    half, _ = detector.feed(Sums(), values[:120])
    parts, _ = detector.feed(half, values[120:])

    assert parts == whole
    assert (whole.seen, whole.hits) == (300, sum(values))


@pytest.mark.parametrize(
    ("detector", "usual", "moved", "within"),
    [
        (errors_beyond(0.05, 1000), 0.04, 0.125, 250),
        (escalations_beyond(0.20, 20_000), 0.20, 0.40, 400),
        (escalations_short_of(0.20, 20_000), 0.20, 0.08, 900),
    ],
)
def test_what_moves_is_noticed_and_what_does_not_is_not(
    detector: Detector, usual: float, moved: float, within: int
) -> None:
    calm, false_alarm = detector.feed(Sums(), drawn(usual, 1000))

    after, heard = detector.feed(calm, drawn(moved, 5000, seed=2))

    assert not false_alarm
    assert heard
    assert after.seen - calm.seen < within


def test_it_tells_about_since_when() -> None:
    detector = errors_beyond(0.05, 1000)
    calm, _ = detector.feed(Sums(), drawn(0.03, 500))

    after, _ = detector.feed(calm, drawn(0.3, 500, seed=3))

    assert abs(after.recent - (after.seen - 500)) < 40
    assert after.recent_hits / after.recent > 0.15


def test_false_alarms_within_the_horizon_are_rare() -> None:
    runs, horizon, tolerated = 2000, 500, 0.10
    random, stakes = np.random.default_rng(4), stakes_on(tolerated, MORE_ERRORS)
    sums, heard = np.zeros((runs, len(stakes))), np.zeros(runs, bool)

    for _ in range(horizon):
        wrong = (random.random(runs) < tolerated).astype(float)[:, None]
        sums = step(sums, wrong, stakes, tolerated)
        heard |= sums.mean(axis=1) >= errors_beyond(tolerated, horizon).limit

    assert heard.mean() <= DOUBT


def test_long_after_the_alarm_the_sums_are_still_numbers() -> None:
    detector = Detector(0.05, MORE_ERRORS, horizon=1e299)

    after, _ = detector.feed(Sums(), [True] * 2000)

    assert all(np.isfinite(after.sums))
