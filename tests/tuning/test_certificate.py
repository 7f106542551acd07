"""The lowest threshold that the labels vouch for, or why there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from escalation.tuning.certificate import (
    Certificate,
    Status,
    Target,
    certify,
    evidence_in,
    is_due,
    one_step,
    standing,
)
from escalation.tuning.statistics import Stratum, fewest_labels, labels_at_rate, wilson, wrong_between

TARGET = Target(alpha=0.05, delta=0.10)


def labelled(*cells: tuple[float, int, int], audits: bool = False, weight: int = 1) -> Stratum:
    """A stratum of (confidence, labels, wrong) cells; each label stands for `weight` outcomes."""
    confidences = np.repeat([c for c, _, _ in cells], [n for _, n, _ in cells])
    wrong = np.concatenate([np.arange(n) < bad for _, n, bad in cells])
    return Stratum.of(np.repeat(confidences, weight), confidences, wrong, audits)


def found(*strata: Stratum, target: Target = TARGET) -> Certificate:
    return certify(strata, target)


def test_it_goes_down_as_far_as_the_bound_allows() -> None:
    certificate = found(labelled((0.9, 200, 0), (0.7, 100, 2), (0.5, 100, 50)))

    assert (certificate.status, certificate.start) == (Status.OK, 0.9)
    assert certificate.point is not None
    assert certificate.point.threshold == 0.7
    assert certificate.point.risk == pytest.approx(2 / 300)
    assert certificate.point.risk_upper <= TARGET.alpha


def test_the_first_failure_ends_it_even_if_it_would_hold_again_further_down() -> None:
    certificate = found(labelled((0.9, 200, 2), (0.8, 40, 12), (0.7, 5000, 0)))

    assert certificate.point is not None
    assert certificate.point.threshold == 0.9


def test_an_audit_counts_for_those_it_stands_for() -> None:
    escalated, accepted = labelled((0.5, 200, 0)), labelled((0.9, 100, 4), audits=True, weight=20)

    certificate = found(escalated, accepted)

    assert certificate.status == Status.NO_THRESHOLD_QUALIFIES
    assert certificate.evidence == 100


def test_when_nothing_qualifies_it_says_how_many_labels_would_do() -> None:
    certificate = found(labelled((0.9, 300, 11)))

    assert certificate.status == Status.NO_THRESHOLD_QUALIFIES
    assert certificate.missing is not None
    assert found(labelled((0.9, 300 + certificate.missing, round(11 + certificate.missing * 11 / 300)))).point


def test_when_too_many_are_wrong_no_number_of_labels_helps() -> None:
    certificate = found(labelled((0.9, 300, 30)))

    assert (certificate.status, certificate.missing) == (Status.NO_THRESHOLD_QUALIFIES, None)


def test_with_too_few_labels_it_says_how_many_more() -> None:
    certificate = found(labelled((0.9, 60, 0), audits=True, weight=20))

    assert (certificate.status, certificate.missing) == (Status.NEED_MORE_LABELS, 17)


def test_a_handful_of_outcomes_is_no_window() -> None:
    assert found(labelled((0.9, 150, 0))).status == Status.TOO_FEW_OUTCOMES
    assert found().status == Status.TOO_FEW_OUTCOMES


def test_where_all_are_sure_alike_the_tie_is_the_start() -> None:
    certificate = found(labelled((1.0, 70, 0), (0.9, 400, 200)))

    assert certificate.point is not None
    assert certificate.point.threshold == 1.0


@pytest.mark.parametrize("verdicts", [0, 3, 9, 40])
def test_the_start_looks_at_no_verdict(verdicts: int) -> None:
    certificate = found(labelled((0.9, 90, verdicts), (0.8, 500, 0)))

    assert certificate.start == 0.9


def test_all_looks_together_spend_the_doubt_once() -> None:
    spent = [TARGET.at_look(number).delta for number in range(10_000)]

    assert spent[:2] == [0.05, pytest.approx(0.10 / 6)]
    assert 0.0999 < sum(spent) < 0.10


@pytest.mark.parametrize(
    ("evidence", "before", "due"),
    [(92, None, False), (93, None, True), (185, 93, False), (186, 93, True), (0, 0, False)],
)
def test_a_look_is_due_when_the_labels_have_doubled(evidence: int, before: int | None, due: bool) -> None:
    assert is_due(evidence, before, TARGET) is due


def test_evidence_is_of_accepted_results_where_there_are_any() -> None:
    escalated, accepted = labelled((0.5, 30, 1)), labelled((0.9, 10, 0), audits=True)

    assert evidence_in([escalated, accepted]) == 10
    assert evidence_in([escalated]) == 30


@pytest.mark.parametrize("errors", [0, 1, 5])
@pytest.mark.parametrize(("alpha", "delta"), [(0.05, 0.10), (0.02, 0.05), (0.10, 0.10)])
def test_the_fewest_labels_are_those_of_the_binomial(alpha: float, delta: float, errors: int) -> None:
    labels = fewest_labels(alpha, delta, errors)

    assert binom.cdf(errors, labels, alpha) <= delta < binom.cdf(errors, labels - 1, alpha)


def test_a_rate_at_the_target_can_never_be_vouched_for() -> None:
    assert labels_at_rate(0.05, 0.05, 0.10) is None
    assert labels_at_rate(0.0, 0.05, 0.10) == 45


def test_a_share_lies_where_wilson_says() -> None:
    low, high = wilson(8, 10)

    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)
    assert wilson(0, 0) == (0.0, 1.0)


def test_an_estimate_between_two_confidences_has_both_ends() -> None:
    strata = [labelled((0.4, 100, 30), (0.8, 50, 0))]

    below, above, nowhere = (
        wrong_between(strata, 0.0, 0.5),
        wrong_between(strata, 0.5),
        wrong_between(strata, 0.9),
    )

    assert below.share == pytest.approx(0.3)
    assert below.low < 0.3 < below.high
    assert (above.share, above.low, above.labels) == (0.0, 0.0, 50)
    assert above.high == pytest.approx(1 - 0.05 ** (1 / 50))
    assert (nowhere.low, nowhere.high, nowhere.labels) == (0.0, 1.0, 0)


def test_a_stricter_look_takes_nothing_back() -> None:
    assert standing(0.9, []) == 0.9
    assert standing(0.9, [0.7, 0.6]) == 0.6


@pytest.mark.parametrize(("wanted", "reached"), [(0.5, 0.7), (0.78, 0.78), (0.95, 0.9)])
def test_one_step_goes_no_further_than_it_may(wanted: float, reached: float) -> None:
    assert one_step(0.8, wanted, 0.1) == pytest.approx(reached)
