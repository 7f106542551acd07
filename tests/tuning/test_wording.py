"""What a threshold would ask of people, in plain sentences."""

from __future__ import annotations

import pytest

from escalation.tuning.certificate import Certificate, Status, Target
from escalation.tuning.statistics import Point
from escalation.tuning.templatetags.shares import downward, upward
from escalation.tuning.wording import Pace, effort, evidence

PACE = Pace(a_day=200, audit_rate=0.1, minutes=3)
NOW = Point(threshold=0.9, coverage=0.5, risk=0.01, risk_upper=0.03, labels=200)
BETTER = Point(threshold=0.7, coverage=0.8, risk=0.02, risk_upper=0.04, labels=300)


def test_a_day_of_reviewing_is_set_beside_that_of_the_threshold_in_force() -> None:
    found = Certificate(Status.OK, Target(), 300, BETTER, start=0.9)

    said = " ".join([*evidence(found), *effort(found, NOW, PACE)])

    assert "about 56 results a day instead of 110, audits included" in said
    assert "about 168 minutes of theirs a day instead of 330" in said
    assert "Every threshold from there up to 0.9 is vouched for as well." in said


@pytest.mark.parametrize(
    ("now", "said"), [(NOW, ["At 10.0 audits a day that takes about 3 days."]), (None, [])]
)
def test_labels_that_are_missing_take_their_time(now: Point | None, said: list[str]) -> None:
    found = Certificate(Status.NEED_MORE_LABELS, Target(), 60, missing=25)

    assert list(effort(found, now, PACE)) == said


@pytest.mark.parametrize(
    ("exact", "up", "down"),
    [
        (0.85, "0.85", "0.85"),
        (0.009970607581930862, "0.01", "0.0099"),
        (0.9972613501095813, "0.99727", "0.99726"),
        (0.99993, "0.99993", "0.99993"),
        (1.0, "1.0", "1.0"),
        (0.0, "0", "0"),
    ],
)
def test_a_threshold_is_read_rounded_up_and_the_end_of_a_range_down(exact: float, up: str, down: str) -> None:
    assert (upward(exact), downward(exact)) == (up, down)
