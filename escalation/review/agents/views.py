"""The agents that a person has to do with, and where the results of each one go."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from escalation.gating.exit_map import EXITS, Way, exit_map
from escalation.gating.models import Agent, FailureMode
from escalation.review.views.door import ReviewerView


class AgentsView(ReviewerView):
    """Every agent: its state, its owner, and whether anything about it is missing."""

    def get(self, request: HttpRequest) -> HttpResponse:
        agents = [_summary(agent) for agent in visible_to(self.request)]
        return self.page("review/agents/agents.html", {"agents": agents})


class AgentView(ReviewerView):
    """One agent's exit map: gates by reasons, the exits of each, and what they did last week."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        agent = get_object_or_404(visible_to(self.request), slug=slug)
        context = _summary(agent) | {"modes": _modes(agent), "exit_names": EXITS}
        return self.page("review/agents/agent.html", context)


def visible_to(request: Any) -> QuerySet[Agent]:
    """For ops all agents; for others those whose results come to a review queue of theirs."""
    if request.user.has_perm("gating.view_agent"):
        return Agent.objects.all()
    mine = Q(gates__policies__queue__memberships__user=request.user)
    return Agent.objects.filter(mine).distinct()


def _summary(agent: Agent) -> dict[str, Any]:
    gates = exit_map(agent)
    most = max([way.count for gate in gates for way in gate.ways], default=0) or 1
    return {
        "agent": agent,
        "gates": [{"map": gate, "ways": [_drawn(way, most) for way in gate.ways]} for gate in gates],
        "passed": sum(gate.passed for gate in gates),
        "accepted": sum(gate.taken.get("accepted", 0) for gate in gates),
        "to_humans": sum(gate.taken.get("human", 0) for gate in gates),
        "degraded": sum(gate.degraded for gate in gates),
        "holes": sum(gate.hole_count for gate in gates),
        "paused_gates": [gate.gate for gate in gates if gate.gate.paused],
        "missing": agent.still_missing(),
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


def _modes(agent: Agent) -> list[dict[str, Any]]:
    drilled = agent.rehearsed()
    modes = FailureMode.objects.filter(agent=agent).ranked()
    return [{"mode": mode, "drilled": drilled.get(mode.pk, "never")} for mode in modes]
