"""The labels, what they say of a gate's threshold, and what ops make of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from escalation.gating.models import Gate, Policy
from escalation.queue.facts import FactAdmin, actor_of
from escalation.tuning.forms import SettlementForm, TargetForm, ThresholdForm, WhatIfForm
from escalation.tuning.models import GateTarget, Label, Proposal, Settlement
from escalation.tuning.risk import risk_at
from escalation.tuning.sheets import proposals_at, what_if_sheet


@admin.register(Label)
class LabelAdmin(FactAdmin):
    list_display = [
        "id",
        "agent",
        "gate",
        "confidence",
        "threshold",
        "correct",
        "source",
        "model",
        "prompt_version",
    ]
    list_filter = ["correct", "source", "agent", "gate"]
    ordering = ["-id"]
    change_list_template = "admin/tuning/labels.html"

    def get_urls(self) -> list[URLPattern]:
        def act(view: Any) -> Any:
            return self.admin_site.admin_view(require_POST(view))

        view = self.admin_site.admin_view
        return [
            path("risk/<int:gate>/", view(self.risk), name="tuning_risk"),
            path("risk/<int:gate>/threshold/", view(self.change_threshold), name="tuning_threshold"),
            path("risk/<int:gate>/propose/", act(self.propose), name="tuning_propose"),
            path("risk/<int:gate>/target/", act(self.set_target), name="tuning_target"),
            path("proposals/<int:pk>/apply/", act(self.apply), name="tuning_apply"),
            path("proposals/<int:pk>/dismiss/", act(self.dismiss), name="tuning_dismiss"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        gates = {"gates": Gate.objects.select_related("agent")}
        return super().changelist_view(request, (extra_context or {}) | gates)

    def risk(self, request: HttpRequest, gate: int) -> HttpResponse:
        """What accepting more, or less, at a gate would have meant; `?threshold=` asks for one of them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = get_object_or_404(Gate.objects.select_related("agent"), pk=gate)
        policy = found.policy
        initial = {"threshold": policy.threshold} if policy else {}
        form = WhatIfForm(request.GET if "threshold" in request.GET else None, initial=initial)
        context: dict[str, Any] = {"risk": risk_at(found), "policy": policy, "form": form}
        context |= {"what_if": what_if_sheet(found, form), "proposals": proposals_at(found)}
        context["target_confidence"] = round(1 - context["risk"].target.delta, 12)
        context["may_change"] = request.user.has_perm("gating.add_policy")
        return self._page(
            request, "admin/tuning/risk.html", found, f"Risk against coverage at {found}", context
        )

    def change_threshold(self, request: HttpRequest, gate: int) -> HttpResponse:
        """A form for one number and why, filled in from `?threshold=`."""
        found = self._changeable(request, gate)
        given = {"threshold": request.GET.get("threshold"), "reason": request.GET.get("reason")}
        form = ThresholdForm(found, request.POST or None, initial=given)
        if request.method == "POST" and form.is_valid() and (adopted := form.adopt(actor_of(request))):
            return self._in_force(request, adopted)
        context = {"form": form, "policy": found.policy}
        return self._page(
            request, "admin/tuning/threshold.html", found, f"Change the threshold at {found}", context
        )

    def propose(self, request: HttpRequest, gate: int) -> HttpResponse:
        found = self._changeable(request, gate)
        Proposal.objects.make_now(found, actor_of(request))
        return redirect("admin:tuning_risk", found.pk)

    def set_target(self, request: HttpRequest, gate: int) -> HttpResponse:
        found = self._changeable(request, gate)
        form = TargetForm(request.POST)
        if form.is_valid():
            self.message_user(request, f"{form.set(found, actor_of(request))}.", messages.SUCCESS)
        return self._back(request, found, form)

    def apply(self, request: HttpRequest, pk: int) -> HttpResponse:
        form = self._settlement(request, pk)
        if form.is_valid() and (adopted := form.apply(actor_of(request))):
            return self._in_force(request, adopted)
        return self._back(request, form.proposal.gate, form)

    def dismiss(self, request: HttpRequest, pk: int) -> HttpResponse:
        form = self._settlement(request, pk)
        if form.is_valid() and form.dismiss(actor_of(request)):
            self.message_user(request, "The proposal is dismissed.", messages.SUCCESS)
        return self._back(request, form.proposal.gate, form)

    def _settlement(self, request: HttpRequest, pk: int) -> SettlementForm:
        proposal = get_object_or_404(Proposal.objects.select_related("gate__agent", "policy"), pk=pk)
        self._changeable(request, proposal.gate_id)
        return SettlementForm(proposal, request.POST)

    def _changeable(self, request: HttpRequest, gate: int) -> Gate:
        if not request.user.has_perm("gating.add_policy"):
            raise PermissionDenied
        return get_object_or_404(Gate.objects.select_related("agent").exclude(policies=None), pk=gate)

    def _in_force(self, request: HttpRequest, adopted: Policy) -> HttpResponse:
        self.message_user(request, f"Version {adopted.version} is in force.", messages.SUCCESS)
        return redirect("admin:gating_gate_change", adopted.gate_id)

    def _back(self, request: HttpRequest, gate: Gate, form: forms.Form) -> HttpResponse:
        for errors in form.errors.values():
            for error in errors:
                self.message_user(request, str(error), messages.ERROR)
        return redirect("admin:tuning_risk", gate.pk)

    def _page(
        self, request: HttpRequest, template: str, gate: Gate, title: str, context: dict[str, Any]
    ) -> HttpResponse:
        every = self.admin_site.each_context(request) | {"title": title, "gate": gate, "opts": self.opts}
        return TemplateResponse(request, template, every | context)


@admin.register(Proposal)
class ProposalAdmin(FactAdmin):
    list_display = ["id", "gate", "status", "threshold", "risk_upper", "look", "settlement", "made_at"]
    list_filter = ["status", "gate"]
    list_select_related = ["gate__agent", "settlement"]
    ordering = ["-id"]


@admin.register(Settlement)
class SettlementAdmin(FactAdmin):
    list_display = ["proposal", "kind", "actor", "reason", "policy", "at"]
    list_filter = ["kind"]
    list_select_related = ["proposal__gate__agent", "actor", "policy__gate__agent"]
    ordering = ["-id"]


@admin.register(GateTarget)
class GateTargetAdmin(FactAdmin):
    list_display = ["gate", "alpha", "delta", "author", "reason", "set_at"]
    list_filter = ["gate"]
    list_select_related = ["gate__agent", "author"]
    ordering = ["-id"]
