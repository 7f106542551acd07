"""What the labels say of a threshold, in plain sentences. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from escalation.tuning.agreement import Estimate
from escalation.tuning.certificate import FEWEST_OUTCOMES, Certificate, Status, Target
from escalation.tuning.reviewers import FEWEST_RIGHT, FEWEST_WRONG, Seconds
from escalation.tuning.statistics import Point, wilson
from escalation.tuning.templatetags.shares import at_most, downward, percent, upward

LEAST_AGREEMENT = 0.6


@dataclass(frozen=True, slots=True)
class Pace:
    """How many results come a day, the share of accepted ones that is audited, minutes for each review."""

    a_day: float
    audit_rate: float
    minutes: float | None

    def audits(self, at: Point) -> float:
        return self.a_day * at.coverage * self.audit_rate

    def asked(self, at: Point) -> float:
        """How many of a day's results a human is asked about."""
        return self.a_day * (1 - at.coverage) + self.audits(at)


def confidence_of(target: Target) -> str:
    return f"{100 * (1 - target.delta):.3g}%"


def finding(found: Certificate) -> str:
    """The answer in one sentence: the threshold with its bound, or why there is none."""
    point, target = found.point, f"{percent(found.target.alpha)} wrong"
    sure = f"with {confidence_of(found.target)} confidence"
    if found.status == Status.OK and point:
        return (
            f"Accept from {upward(point.threshold)} on: at most {at_most(point.risk_upper)} of what is"
            f" accepted is wrong, {sure} (the target is {target} at most)."
        )
    if found.status == Status.NO_THRESHOLD_QUALIFIES and point:
        return (
            f"No threshold qualifies for {target} at most {sure}: the best that the labels vouch for is"
            f" {at_most(point.risk_upper)}, at {upward(point.threshold)}."
        )
    return {
        Status.NEED_MORE_LABELS: f"There are too few labels to vouch for {target} at most {sure}.",
        Status.AUDIT_BACKLOG: "Too much still waits: what is decided first is no fair sample.",
        Status.UNAUDITED_STRATUM: "A part of what passed was looked at by nobody: nothing can be said of it.",
    }.get(found.status, f"Fewer than {FEWEST_OUTCOMES} results say nothing of a threshold.")


def evidence(found: Certificate) -> Iterator[str]:
    """What stands behind the answer, and what would help where there is none."""
    if point := found.point:
        yield (
            f"Of {point.labels:,} labels at {upward(point.threshold)} or above, each counted for the results"
            f" that it stands for, {percent(point.risk)} are wrong."
        )
    if found.status == Status.OK and found.point and found.start and found.start > found.point.threshold:
        yield f"Every threshold from there up to {downward(found.start)} is vouched for as well."
    if found.status == Status.NO_THRESHOLD_QUALIFIES and found.missing is None:
        yield (
            "No number of labels helps while that many are wrong: make the agent better or its confidence"
            " more honest, tolerate more, or let humans decide all."
        )
    elif found.status == Status.TOO_FEW_OUTCOMES and found.missing:
        yield f"{found.missing:,} more results are needed."
    elif found.missing:
        more = "label of an accepted result is" if found.missing == 1 else "labels of accepted results are"
        yield f"About {found.missing:,} more {more} needed; a higher audit rate brings them sooner."


def second_looks(seconds: Seconds, target: Target, stricter: Target | None) -> str:
    """What second looks say of the reviewers, and which target labels must meet because of it."""
    if not seconds.pairs:
        return "Reviewers are taken to be right: nobody has looked a second time at results of this gate."
    looks = (
        f"Of {seconds.pairs:,} second looks, {seconds.first_alone_right:,} found wrong what a reviewer had"
        f" let pass, and {seconds.first_alone_wrong:,} found right what one had refused."
    )
    if stricter is None:
        return (
            f"{looks} Reviewers are taken to be right all the same: {FEWEST_WRONG} results known to be wrong,"
            f" and {FEWEST_RIGHT:,} known to be right, are needed to correct for their mistakes."
        )
    if stricter.alpha <= 0:
        return (
            f"{looks} With so many mistakes, no labels can vouch for {percent(target.alpha)} wrong at most."
        )
    return (
        f"{looks} So that truly {percent(target.alpha)} at most are wrong, labels must find"
        f" {percent(stricter.alpha)} at most, with {confidence_of(stricter)} confidence."
    )


def agreed(kappa: Estimate) -> str:
    """How far two reviewers of the same results agree."""
    said = (
        f"Two reviewers of the same result agree with a kappa of {kappa.value:.2f}"
        f" ({kappa.low:.2f} to {kappa.high:.2f}, {kappa.units:,} results; 1 is full, 0 is chance)."
    )
    too_little = kappa.value is not None and kappa.value < LEAST_AGREEMENT
    return f"{said} That is little: say more clearly what is right." if too_little else said


def effort(found: Certificate, now: Point | None, pace: Pace) -> Iterator[str]:
    """What the threshold found, and labels that are missing, ask of people each day."""
    if found.missing and found.status == Status.NEED_MORE_LABELS and now and (a_day := pace.audits(now)):
        yield f"At {a_day:.1f} audits a day that takes about {math.ceil(found.missing / a_day):,} days."
    if found.status != Status.OK or not found.point or not pace.a_day:
        return
    asked, before = pace.asked(found.point), pace.asked(now) if now else None
    instead = "" if before is None else f" instead of {before:,.0f}"
    yield f"Reviewers would be asked about {asked:,.0f} results a day{instead}, audits included."
    if pace.minutes is not None:
        instead = "" if before is None else f" instead of {before * pace.minutes:,.0f}"
        yield f"That is about {asked * pace.minutes:,.0f} minutes of theirs a day{instead}."


def change(found: Certificate, now: Point | None, threshold: float, outcomes: int) -> Iterator[str]:
    """What the threshold found among `outcomes` would change against `threshold`, the one in force."""
    point = found.point
    if found.status == Status.OK and point:
        yield from _change(point, now, threshold, outcomes)
    if now and now.labels and now.risk_upper > found.target.alpha:
        yield (
            f"The threshold in force, {upward(threshold)}, is not vouched for: the bound there is"
            f" {at_most(now.risk_upper)}, the estimate {percent(now.risk)}."
        )


def _change(point: Point, now: Point | None, threshold: float, outcomes: int) -> Iterator[str]:
    if point.threshold == threshold:
        yield "That is the threshold in force."
        return
    before = f" instead of {percent(now.coverage)}" if now else ""
    low, high = map(percent, wilson(round(point.coverage * outcomes), outcomes))
    yield f"{percent(point.coverage)} of results would be accepted ({low} to {high}){before}."
    yield (
        f"Of 1,000 accepted, about {Decimal(point.risk * 1000):.0f} would be wrong"
        f" and at most {Decimal(point.risk_upper * 1000).to_integral_value(ROUND_CEILING):f}."
    )
