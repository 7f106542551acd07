"""The agents that a person has to do with, and where the results of each one go."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now

from escalation.gating.exit_map import EXITS, LATELY, GateMap, Way, exit_map, taken_of
from escalation.gating.models import Agent
from escalation.gating.models.plan import Plan, plans_of
from escalation.review.insights.models import DailyCount
from escalation.review.views.door import ReviewerView


class AgentsView(ReviewerView):
    """Every agent: its state, its owner, and whether anything about it is missing."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("review/agents/agents.html", {"agents": _summaries(visible_to(self.request.user))})


class AgentView(ReviewerView):
    """One agent's exit map: gates by reasons, the exits of each, and what they did last week."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        agent = get_object_or_404(visible_to(self.request.user), slug=slug)
        (context,) = _summaries([agent])
        return self.page("review/agents/agent.html", context | {"may_tune": may_tune(self.request.user)})


def may_tune(user: User) -> bool:
    # Only staff enter the admin: nobody else's permissions are read for it.
    return user.is_staff and user.has_perm("gating.view_agent")


def visible_to(user: User) -> QuerySet[Agent]:
    """For ops all agents; for others those whose results come to a review queue of theirs."""
    if may_tune(user):
        return Agent.objects.all()
    mine = Q(gates__policies__queue__memberships__user=user)
    return Agent.objects.filter(mine).distinct()


def _summaries(agents: Iterable[Agent]) -> list[dict[str, Any]]:
    """What is shown of each agent, in as many statements for many as for one."""
    plans = plans_of(list(agents))
    since = now().date() - LATELY + timedelta(days=1)
    taken = taken_of(DailyCount.objects.ways_since(since, [plan.agent.slug for plan in plans]))
    return [_summary(plan, exit_map(plan, taken)) for plan in plans]


def _summary(plan: Plan, gates: list[GateMap]) -> dict[str, Any]:
    most = max([way.count for gate in gates for way in gate.ways], default=0) or 1
    return {
        "agent": plan.agent,
        "gates": [{"map": gate, "ways": [_drawn(way, most) for way in gate.ways]} for gate in gates],
        "accepted": sum(gate.taken.get("accepted", 0) for gate in gates),
        "to_humans": sum(gate.taken.get("human", 0) for gate in gates),
        "degraded": sum(gate.degraded for gate in gates),
        "holes": sum(gate.hole_count for gate in gates),
        "paused_gates": [gate.gate for gate in gates if gate.gate.paused],
        "missing": plan.missing,
        "modes": [{"mode": mode, "drilled": drilled} for mode, drilled in plan.modes],
    }


def _drawn(way: Way, most: int) -> dict[str, Any]:
    """A way with the parts of its bar: each exit's share of the longest, in hundredths."""
    bar, x = [], 0.0
    for exit_ in EXITS:
        if count := way.taken.get(exit_, 0):
            width = 100 * count / most
            bar.append({"exit": exit_, "count": count, "x": round(x, 2), "width": round(width, 2)})
            x += width
    return {"way": way, "bar": bar}
