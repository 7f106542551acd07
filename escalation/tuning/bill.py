"""What thresholds cost at a gate, as far as ops have said what an error and a question cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from django.utils import timezone

from escalation.gating.models import Gate
from escalation.tuning.calibration import Fitted
from escalation.tuning.certificate import Certificate, Status
from escalation.tuning.costs import Prices, by_chow, cheapest, cost_at
from escalation.tuning.models import GateCosts, Label, Tally
from escalation.tuning.second_looks import seconds_at
from escalation.tuning.statistics import Point
from escalation.tuning.strata import LONGEST_WINDOW, Window, window_start
from escalation.tuning.whatif import Count, Replay
from escalation.tuning.wording import Pace

# The newest decisions tell how long one takes.
NEWEST = 500


@dataclass(frozen=True, slots=True)
class Line:
    """A threshold and what a thousand results cost there; no cost where nobody knows."""

    name: str
    threshold: float
    cost: float | None


@dataclass(frozen=True, slots=True)
class Bill:
    """What ops have said of costs, and the thresholds that matter, each with its cost."""

    costs: GateCosts
    prices: Prices
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Effort:
    """What a replayed threshold asks of people and of money: numbers with where they lie."""

    hours: Count | None
    cost: Count | None


def minutes_at(gate: Gate, costs: GateCosts | None) -> float | None:
    """How long one escalation takes a reviewer: as ops say, else the median of the newest decisions."""
    if costs:
        return costs.minutes
    newest = Label.objects.at(gate).order_by("-id").values_list("decision__seconds_spent", flat=True)[:NEWEST]
    spent = [seconds for seconds in newest if seconds is not None]
    return median(spent) / 60 if spent else None


def pace_at(gate: Gate, window: Window, costs: GateCosts | None) -> Pace:
    """How fast results come to a gate, and what each asks of a reviewer."""
    policy = gate.policy
    first, closed = Tally.objects.first_day(gate, window.model, window.prompt_version), window_start(gate)
    began = max(first, timezone.localdate(closed)) if closed else first
    a_day = window.outcomes / min((timezone.localdate() - began).days + 1, LONGEST_WINDOW.days)
    return Pace(a_day, policy.audit_rate if policy else 0.0, minutes_at(gate, costs))


def effort_of(replay: Replay, minutes: float | None, costs: GateCosts | None) -> Effort:
    """What the escalations of a replay take, and with its errors cost."""
    hours = _times(replay.escalated, minutes / 60) if minutes is not None else None
    errors = replay.slipped if replay.accepted.number else Count(0, 0, 0, 0, 0)
    if costs is None or errors.number is None:
        return Effort(hours, None)
    slipped, asked = _times(errors, costs.error), replay.escalated.number or 0
    asking = round(asked * costs.asking)
    assert slipped.number is not None
    return Effort(
        hours,
        Count(slipped.number + asking, 0, slipped.low + asking, slipped.high + asking, slipped.labels),
    )


def _times(count: Count, price: float) -> Count:
    low, high = round(count.low * price), round(count.high * price)
    return Count(round((count.number or 0) * price), 0, low, high, count.labels)


def bill_at(
    gate: Gate, points: Sequence[Point], found: Certificate, in_force: Point | None, fitted: Fitted | None
) -> Bill | None:
    """Set the thresholds of least cost beside those of bounded risk; None where costs are not known."""
    costs: GateCosts | None = GateCosts.newest(gate)
    if costs is None:
        return None
    prices = Prices(costs.error, costs.asking, missed=seconds_at(gate).missed)
    lines: list[Line | None] = [_line("In force", in_force, prices)]
    if found.status == Status.OK and found.point:
        lines.append(_line("Of bounded risk, accepting the most", found.point, prices))
        within = [p for p in points if p.threshold <= (found.start or 1.0)]
        lines.append(
            _line("Of bounded risk and least cost", cheapest(within, prices, found.point.threshold), prices)
        )
    lines.append(_line("Of least cost, whatever the risk", cheapest(points, prices), prices))
    chow = by_chow(fitted, prices)
    if chow is not None:
        lines.append(
            Line(f"By Chow's rule: right in {prices.enough:.1%} of cases or more", round(chow, 4), None)
        )
    return Bill(costs, prices, [line for line in lines if line])


def _line(name: str, point: Point | None, prices: Prices) -> Line | None:
    if point is None:
        return None
    return Line(name, point.threshold, 1000 * cost_at(point, prices) if point.labels else None)
