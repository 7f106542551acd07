"""Runs in the browser: the newest, and one from its first step on, live while it is at work."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from agents.guards.budget import MICRO, usd
from agents.models import Run, RunQuerySet
from agents.run.past import past_of
from agents.run.stopping import stop_run
from agents.run.trace import usage
from agents.web.breaker_lines import trace_with_breakers
from escalation.gating.models import Gate
from escalation.queue.models import Membership

NEWEST = 100
SPENT = (
    ("cost_usd", "cost_usd", "US dollars"),
    ("turns", "turns", "Turns"),
    ("tool_calls", "tool_calls", "Tool calls"),
    ("output_tokens", "output_tokens", "Output tokens"),
    ("seconds", "wall_clock_s", "Seconds at work"),
)


class RunsView(LoginRequiredMixin, View):
    """The newest runs of the agents whose results come to the reader's review queues."""

    def get(self, request: HttpRequest) -> HttpResponse:
        runs = (
            _visible_to(cast(User, request.user)).in_earnest().defer("prompt", "task", "result", "metadata")
        )
        return render(
            request, "runs/runs.html", {"layout": "base.html", "runs": runs.order_by("-id")[:NEWEST]}
        )


class RunView(LoginRequiredMixin, View):
    """One run; the page asks for it again while it is at work. To POST to it is to stop it."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = _load(request, pk)
        live = run.state in (*Run.GOING, Run.State.WAITING_UPSTREAM)
        facts = {"run": run, "live": live, "stoppable": not run.is_over and _may_stop(request.user, run)}
        return render(request, "runs/run.html", {"layout": "base.html", **facts, **_told(run)})

    def post(self, request: HttpRequest, pk: int) -> HttpResponseRedirect:
        run = _load(request, pk)
        if not _may_stop(request.user, run):
            raise PermissionDenied("You may look at this run, but not stop it.")
        stop_run(run, f"Stopped by {request.user.get_username()}.")
        return redirect("agents:run", pk)


def _load(request: HttpRequest, pk: int) -> Run:
    visible = _visible_to(cast(User, request.user))
    return get_object_or_404(visible.select_related("outcome", "escalation"), pk=pk)


def _may_stop(user: User | AnonymousUser, run: Run) -> bool:
    """Ops, and whoever decides in a review queue that the run's gate leads to."""
    deciding = Gate.objects.filter(
        agent__slug=run.agent,
        slug=run.gate,
        policies__queue__memberships__user=user.pk,
        policies__queue__memberships__role__in=Membership.REVIEWING,
    )
    return user.has_perm("agents.change_run") or deciding.exists()


def _visible_to(user: User) -> RunQuerySet:
    """Ops see every run; reviewers those of gates that ever led to a review queue of theirs."""
    if user.is_staff:
        return Run.objects.all()
    gates = (
        Gate.objects.filter(policies__queue__memberships__user=user)
        .values_list("agent__slug", "slug")
        .distinct()
    )
    mine = Q(pk__in=[])
    for agent, gate in gates:
        mine |= Q(agent=agent, gate=gate)
    return Run.objects.filter(mine)


def _told(run: Run) -> dict[str, Any]:
    work = past_of(run)
    spend = usage(work.spend()) | {"cost_usd": usd(work.spend().micro_usd)}
    lines = [
        {"name": shown, "spent": spend[name], "limit": _limit(run, limit)}
        for name, limit, shown in SPENT
        if limit in run.budget or spend[name]
    ]
    return {"trace": trace_with_breakers(work), "spent": lines}


def _limit(run: Run, name: str) -> str:
    amount = run.budget.get(name)
    if amount is None:
        return "no limit"
    return usd(round(amount * MICRO)) if name == "cost_usd" else f"{round(amount, 1):,g}"
