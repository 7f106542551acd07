"""The picture of a gate: risk against coverage as a curve, a histogram, numbers and sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from escalation.gating.models import Gate
from escalation.tuning.bill import Bill, bill_at, pace_at
from escalation.tuning.calibration import Bin, Fitted, expected_error, fit, reliability
from escalation.tuning.certificate import Certificate, Target
from escalation.tuning.charts import Curve, Histogram, draw_curve, draw_histogram
from escalation.tuning.diagram import Diagram, draw_diagram
from escalation.tuning.models import GateCosts, GateTarget
from escalation.tuning.models.category import Category, categories_at
from escalation.tuning.second_looks import said_of_reviewers
from escalation.tuning.statistics import Point, fewest_labels, looked_at, point_at, risk_coverage
from escalation.tuning.strata import Window, window_at, window_start
from escalation.tuning.templatetags.shares import percent
from escalation.tuning.wording import Pace, change, effort, evidence, finding


@dataclass(frozen=True, slots=True)
class Risk:
    """What the page shows; `curve` is None where the labels say nothing."""

    window: Window
    target: Target
    said: list[str]
    points: list[Point]
    curve: Curve | None
    histogram: Histogram
    remarks: list[str]
    in_force: Point | None
    found: Certificate
    bins: list[Bin]
    expected_error: float | None
    fitted: Fitted | None
    diagram: Diagram
    bill: Bill | None
    categories: list[Category]


def risk_at(gate: Gate, category: str = "") -> Risk:
    """Read a gate's present window, or one category of it, and draw it, with its limits said in words."""
    policy, target = gate.policy, GateTarget.objects.of(gate)
    every = window_at(gate)
    window, threshold = every.of(category), policy.threshold_for(category) if policy else None
    points = looked_at(risk_coverage(window.strata, target.delta), window.strata)
    closed = window_start(gate)
    found, fitted, bins = window.certify(target), fit(window.strata), reliability(window.strata)
    pace = pace_at(gate, window, GateCosts.newest(gate))
    reached = [point for point in points if threshold is not None and point.threshold >= threshold]
    in_force = reached[-1] if reached else None
    return Risk(
        window=window,
        target=target,
        said=[*_said_now(window, found, threshold, pace), *said_of_reviewers(gate, window, target)],
        points=points,
        curve=draw_curve(points, threshold) if points else None,
        histogram=draw_histogram([(cell.confidence, cell.outcomes) for cell in window.cells], threshold),
        remarks=list(_remarks(window, points, target, "since the last alarm" if closed else "yet")),
        in_force=in_force,
        found=found,
        bins=bins,
        expected_error=expected_error(bins),
        fitted=fitted,
        diagram=draw_diagram(bins, fitted),
        bill=bill_at(
            gate, points, found, point_at(window.strata, threshold) if threshold is not None else None, fitted
        ),
        categories=list(categories_at(policy, every, target)) if policy and not category else [],
    )


def _said_now(window: Window, found: Certificate, threshold: float | None, pace: Pace) -> list[str]:
    """What a look would find this moment: a preview, at the full level."""
    said = [finding(found), *evidence(found)]
    if threshold is None:
        return said
    now, outcomes = point_at(window.closed, threshold, found.target.delta), window.outcomes
    return [*said, *change(found, now, threshold, outcomes), *effort(found, now, pace)]


def _remarks(window: Window, points: list[Point], target: Target, since: str) -> Iterator[str]:
    if not window.outcomes:
        yield f"No whole result with a confidence has passed this gate {since}."
        return
    if not window.labels:
        yield "There is no label yet: decisions on escalations make them, and audits of accepted results."
    elif window.accepted and not window.audits:
        yield "There is no audit label yet: nothing can be said of accepted results."
    for period in window.left_out:
        yield f"Left out: {period}. A part of what happened would be no fair sample of it."
    for period in window.open:
        yield f"Drawn, but vouches for no threshold until more is decided: {period}."
    if points:
        yield from _limits(window, points, target)


def _limits(window: Window, points: list[Point], target: Target) -> Iterator[str]:
    enough, labels = fewest_labels(target.alpha, target.delta), points[-1].labels
    if labels < enough:
        yield (
            f"{labels} {'label is' if labels == 1 else 'labels are'} too few to trust: below {enough}, even a"
            f" spotless record cannot keep the bound under {percent(target.alpha)}."
        )
    if window.undecided:
        yield f"{window.undecided} escalated results have no label yet: those that have stand for them."
    if min(cell.confidence for cell in window.cells) < points[-1].threshold:
        yield f"Nothing is drawn below a confidence of {points[-1].threshold:.3g}, where no human has looked."
