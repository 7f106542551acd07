"""Reviewers err too; second looks say how much that could matter."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from escalation.tuning.agreement import cohens_kappa
from escalation.tuning.certificate import Target
from escalation.tuning.reviewers import Seconds, agreement, corrected, counted
from escalation.tuning.wording import agreed

TARGET = Target(alpha=0.05, delta=0.10)


def test_pairs_are_counted_by_what_both_said() -> None:
    pairs = [(True, True)] * 5 + [(True, False)] * 2 + [(False, True)] + [(False, False)] * 3

    assert counted(pairs) == Seconds(5, 2, 1, 3)


def test_the_target_is_as_strict_as_missed_errors_demand() -> None:
    seconds = Seconds(both_right=980, first_alone_right=30, first_alone_wrong=20, both_wrong=270)

    found = corrected(TARGET, seconds)

    missed = binomtest(30, 300, alternative="less").proportion_ci(0.99, method="exact").high
    refused = binomtest(20, 1000, alternative="greater").proportion_ci(0.99, method="exact").low
    assert found is not None
    assert found.alpha == pytest.approx(refused + 0.05 * (1 - missed - refused), abs=1e-9)
    assert found.delta == pytest.approx(0.08)


def test_reviewers_who_refuse_nothing_make_it_only_stricter() -> None:
    found = corrected(TARGET, Seconds(1000, 30, 0, 270))

    assert found is not None
    assert found.alpha < 0.05


@pytest.mark.parametrize("seconds", [Seconds(), Seconds(1000, 30, 0, 269), Seconds(999, 30, 0, 270)])
def test_too_few_second_looks_correct_nothing(seconds: Seconds) -> None:
    assert corrected(TARGET, seconds) is None


def test_kappa_is_that_of_cohen() -> None:
    seen = Seconds(both_right=80, first_alone_right=5, first_alone_wrong=15, both_wrong=40)
    pairs = [("yes", "yes")] * 80 + [("yes", "no")] * 5 + [("no", "yes")] * 15 + [("no", "no")] * 40

    found = agreement(seen, seed=1)

    assert found is not None
    assert found.value == pytest.approx(cohens_kappa(pairs))
    assert (found.low or 0) < (found.value or 0) < (found.high or 0)
    assert agreement(Seconds(both_right=99), seed=1) is None


@pytest.mark.parametrize(
    ("seen", "little"), [(Seconds(80, 5, 15, 40), False), (Seconds(60, 20, 20, 20), True)]
)
def test_little_agreement_is_said(seen: Seconds, little: bool) -> None:
    found = agreement(seen, seed=1)
    assert found is not None

    assert ("That is little" in agreed(found)) is little
