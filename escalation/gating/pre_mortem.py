"""The admin's pages about how an agent can fail: its pre-mortem, its drills, and what stops it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Case, IntegerField, Value, When
from django.forms import BaseModelFormSet, modelformset_factory
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from escalation.access.confirming import always, undelayed
from escalation.gating.catalogue import applicable
from escalation.gating.forms import PauseForm
from escalation.gating.models import Agent, Drill, FailureMode
from escalation.gating.models.failure_mode import Measured
from escalation.queue.facts import actor_of

RATINGS = ("severity", "occurrence", "detectability")


class FailureModeForm(forms.ModelForm[FailureMode]):
    """One failure mode of an agent."""

    class Meta:
        model = FailureMode
        fields = ["name", "effect", "detection", *RATINGS, "gate", "reason", "injection", "owner"]
        widgets = {
            "effect": forms.Textarea(attrs={"rows": 2}),
            "detection": forms.Textarea(attrs={"rows": 2}),
            **{name: forms.NumberInput(attrs={"min": 1, "max": 10}) for name in RATINGS},
        }

    def __init__(self, *args: Any, agent: Agent, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.agent = agent
        gates: Any = self.fields["gate"]
        gates.queryset = agent.gates.all()
        gates.initial = gates.queryset.first()
        possible = [(one.slug, one.name) for one in applicable(agent.tool_effects)]
        injections: Any = self.fields["injection"]
        injections.choices = [("", "none: it cannot be rehearsed"), *possible]
        self.fields["owner"].initial = agent.owner


class PreMortemPages(ModelAdmin[Agent]):
    """What AgentAdmin shows beside its own form."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = "<int:pk>/pre-mortem/"
        return [
            path(own, view(self.pre_mortem), name="gating_agent_pre_mortem"),
            path(f"{own}suggest/", view(require_POST(self.suggest)), name="gating_agent_suggest"),
            path(f"{own}drills/", view(self.drills), name="gating_agent_drills"),
            path("pause-everything/", view(require_POST(self.pause_all)), name="gating_agent_pause_all"),
            *super().get_urls(),
        ]

    def pre_mortem(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Every failure mode of an agent on one page, the most urgent first."""
        agent = self._shown(request, pk)
        may_change = self.has_change_permission(request, agent)
        forms = self._formset(request, agent)
        if request.method == "POST":
            agent = self.changeable(request, pk)
            if forms.is_valid():
                forms.save()
                self.message_user(request, "The pre-mortem is saved.", messages.SUCCESS)
                return redirect("admin:gating_agent_pre_mortem", pk)
        context: dict[str, Any] = {
            "title": f"Pre-mortem of {agent.name}",
            "subtitle": None,
            "opts": self.opts,
        }
        context |= {"agent": agent, "missing": agent.still_missing(), "may_change": may_change}
        context |= {"forms": forms, "cards": list(_cards(agent, forms)), **_drills_of(agent)}
        context |= self.admin_site.each_context(request)
        return TemplateResponse(request, "admin/gating/pre_mortem.html", context)

    def suggest(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Write what the catalogue has and the pre-mortem does not."""
        agent = self.changeable(request, pk)
        gate = agent.gates.order_by("pk").first()
        if gate is None:
            self.message_user(request, "Give the agent a gate first.", messages.ERROR)
        else:
            new = FailureMode.objects.suggest(agent, gate)
            self.message_user(request, f"{len(new)} failure modes were added; mend their numbers.")
        return redirect("admin:gating_agent_pre_mortem", pk)

    @undelayed(always)
    def drills(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The newest drill of each failure mode; to POST is to hold them all, or the one of `mode`, anew."""
        agent = self._shown(request, pk)
        if request.method == "POST":
            modes = self.changeable(request, pk).failure_modes.exclude(injection="")
            one = request.POST.get("mode", "")
            for mode in modes.filter(pk=one) if one.isdecimal() else modes:
                Drill.objects.want(mode, actor_of(request))
            if not request.headers.get("HX-Request"):
                return redirect("admin:gating_agent_pre_mortem", pk)
        return TemplateResponse(request, "admin/gating/_drills.html", {"agent": agent, **_drills_of(agent)})

    @undelayed(always)
    def pause_all(self, request: HttpRequest) -> HttpResponse:
        """The kill switch of everything."""
        if not request.user.has_perm("gating.change_agent"):
            raise PermissionDenied
        form = PauseForm(request.POST)
        if form.is_valid():
            count = Agent.objects.pause_all(actor_of(request), form.cleaned_data["note"])
            self.message_user(request, f"{count} agents were stopped: every result goes to a human.")
        else:
            self.message_user(request, "Say why everything is paused.", messages.ERROR)
        return redirect("admin:gating_agent_changelist")

    def changeable(self, request: HttpRequest, pk: int) -> Agent:
        """The agent, for whoever may change it; raises PermissionDenied."""
        agent = get_object_or_404(Agent, pk=pk)
        if not self.has_change_permission(request, agent):
            raise PermissionDenied
        return agent

    def _shown(self, request: HttpRequest, pk: int) -> Agent:
        agent = get_object_or_404(Agent, pk=pk)
        if not self.has_view_or_change_permission(request, agent):
            raise PermissionDenied
        return agent

    def _formset(self, request: HttpRequest, agent: Agent) -> BaseModelFormSet[FailureMode, FailureModeForm]:
        made = modelformset_factory(FailureMode, form=FailureModeForm, extra=1, can_delete=True)
        mine = FailureMode.objects.filter(agent=agent)
        ranked = {mode.pk: place for place, mode in enumerate(mine.ranked())}
        rows = mine.order_by(_in_order(ranked), "pk")
        return made(request.POST or None, queryset=rows, form_kwargs={"agent": agent})


def _in_order(places: dict[int, int]) -> Any:
    cases = [When(pk=pk, then=Value(place)) for pk, place in places.items()]
    return Case(*cases, default=Value(len(places)), output_field=IntegerField())


def _cards(agent: Agent, formset: BaseModelFormSet[FailureMode, FailureModeForm]) -> Any:
    """Each form with what is known of its failure mode: how often it was seen, and its last drill."""
    measured, drilled = Measured(agent), agent.rehearsed()
    for form in formset:
        mode = form.instance if form.instance.pk else None
        seen = measured.seen(mode) if mode else None
        yield {
            "form": form,
            "mode": mode,
            "seen": seen and {"count": seen[0], "among": seen[1], "rating": seen[2]},
            "drilled": drilled.get(mode.pk, "never") if mode else "",
        }


def _drills_of(agent: Agent) -> dict[str, Any]:
    """The newest drill of each failure mode, most urgent mode first, and how many are under way."""
    rehearsed = agent.drills.exclude(failure_mode=None).select_related("actor", "policy")
    newest = rehearsed.order_by("failure_mode_id", "-id").distinct("failure_mode_id")
    rows = {drill.failure_mode_id: drill for drill in newest}
    modes = FailureMode.objects.filter(agent=agent).ranked()
    drills = [rows[mode.pk] for mode in modes if mode.pk in rows]
    under_way = sum(drill.passed is None for drill in drills)
    return {"newest_drills": drills, "under_way": under_way, "over": len(drills) - under_way}
