"""The labels, what they say of a gate's threshold, and what ops make of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode

from escalation.gating.admin import history_of
from escalation.gating.models import Gate
from escalation.queue.facts import actor_of
from escalation.tuning.admin.pages import GatePages
from escalation.tuning.forms import (
    CostsForm,
    DraftForm,
    RailsForm,
    SecondForm,
    SettlementForm,
    TargetForm,
    ThresholdForm,
    WhatIfForm,
)
from escalation.tuning.models import Draft, GateCosts, GateRails, GateTarget, Label, Proposal
from escalation.tuning.risk import risk_at
from escalation.tuning.sheets import proposals_at, what_if_sheet

# So many versions of the policy are shown with what they changed.
VERSIONS = 10


@admin.register(Label)
class LabelAdmin(GatePages):
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
        view, act = self.admin_site.admin_view, self.act
        return [
            path("risk/<int:gate>/", view(self.risk), name="tuning_risk"),
            path("risk/<int:gate>/threshold/", view(self.change_threshold), name="tuning_threshold"),
            path("risk/<int:gate>/propose/", act(self.propose), name="tuning_propose"),
            path("risk/<int:gate>/target/", act(self.set_target), name="tuning_target"),
            path("risk/<int:gate>/rails/", act(self.set_rails), name="tuning_rails"),
            path("rails/<int:pk>/second/", act(self.second_rails), name="tuning_second_rails"),
            path("risk/<int:gate>/costs/", act(self.set_costs), name="tuning_costs"),
            path("proposals/<int:pk>/apply/", act(self.apply), name="tuning_apply"),
            path("proposals/<int:pk>/dismiss/", act(self.dismiss), name="tuning_dismiss"),
            path("drafts/<int:pk>/apply/", act(self.apply_draft), name="tuning_apply_draft"),
            path("drafts/<int:pk>/refuse/", act(self.refuse_draft), name="tuning_refuse_draft"),
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
        category = request.GET.get("category", "")
        category = category if policy and category in policy.categories else ""
        in_force = policy.threshold_for(category) if policy else None
        initial = {"category": category} | ({} if in_force is None else {"threshold": min(in_force, 1.0)})
        form = WhatIfForm(request.GET if "threshold" in request.GET else None, initial=initial)
        costs, rails = GateCosts.newest(found), GateRails.objects.of(found)
        replayed, risk = what_if_sheet(found, form, category), risk_at(found, category)
        context: dict[str, Any] = {
            "risk": risk,
            "policy": policy,
            "in_force": in_force,
            "category": category,
            "inherits": bool(policy and category and policy.categories[category] is None),
            "strict": (said := GateTarget.newest(found)) is not None and said.strict,
            "kept": f"&{urlencode({'category': category})}" if category else "",
            "form": form,
            "replayed": replayed,
            "what_if": replayed and replayed.what_if,
            "proposals": proposals_at(found, category),
            "draft": Draft.objects.waiting().filter(gate=found).select_related("author").first(),
            "rails": rails,
            "rails_waiting": GateRails.objects.waiting_at(found),
            "rails_form": RailsForm(found, instance=rails, auto_id="rails-%s"),
            "costs_form": CostsForm(found, instance=costs or None, auto_id="costs-%s"),
            "versions": history_of(found)[:VERSIONS],
            "may_change": request.user.has_perm("gating.add_policy"),
        }
        context["target_confidence"] = round(1 - risk.target.delta, 12)
        title = f"Workbench of {found}, {category}" if category else f"Workbench of {found}"
        return self._page(request, "admin/tuning/risk.html", found, title, context)

    def change_threshold(self, request: HttpRequest, gate: int) -> HttpResponse:
        """A form for one number and why, filled in from `?threshold=`; a draft where two must see."""
        found = self._changeable(request, gate)
        given = {name: request.GET.get(name, "") for name in ("threshold", "category", "reason")}
        form = ThresholdForm(found, request.POST or None, initial=given)
        if request.method == "POST" and form.is_valid():
            if "draft" in request.POST:
                form.draft(actor_of(request))
                self.message_user(request, "It waits for a second person.", messages.SUCCESS)
                return redirect("admin:tuning_risk", gate)
            if adopted := form.adopt(actor_of(request)):
                return self._in_force(request, adopted)
        four_eyes = GateRails.objects.of(found).four_eyes
        context = {
            "form": form,
            "policy": found.policy,
            "four_eyes": four_eyes,
            "category": given["category"],
        }
        return self._page(
            request, "admin/tuning/threshold.html", found, f"Change the threshold at {found}", context
        )

    def propose(self, request: HttpRequest, gate: int) -> HttpResponse:
        found = self._changeable(request, gate)
        category = request.POST.get("category", "")
        Proposal.objects.make_now(found, actor_of(request), category)
        query = f"?{urlencode({'category': category})}" if category else ""
        return redirect(f"{reverse('admin:tuning_risk', args=[found.pk])}{query}")

    def set_target(self, request: HttpRequest, gate: int) -> HttpResponse:
        found = self._changeable(request, gate)
        form = TargetForm(request.POST)
        if form.is_valid():
            self.message_user(request, f"{form.set(found, actor_of(request))}.", messages.SUCCESS)
        return self._back(request, found, form)

    def set_rails(self, request: HttpRequest, gate: int) -> HttpResponse:
        found = self._changeable(request, gate)
        return self._set(request, found, RailsForm(found, request.POST))

    def second_rails(self, request: HttpRequest, pk: int) -> HttpResponse:
        rails = get_object_or_404(GateRails.objects.select_related("gate__agent", "author"), pk=pk)
        self._changeable(request, rails.gate_id)
        form = SecondForm(rails, request.POST)
        if form.is_valid() and form.second(actor_of(request)):
            self.message_user(request, f"{rails}.", messages.SUCCESS)
        return self._back(request, rails.gate, form)

    def set_costs(self, request: HttpRequest, gate: int) -> HttpResponse:
        found = self._changeable(request, gate)
        return self._set(request, found, CostsForm(found, request.POST))

    def _set(self, request: HttpRequest, gate: Gate, form: RailsForm | CostsForm) -> HttpResponse:
        if form.is_valid():
            said = form.set(actor_of(request))
            waits = isinstance(said, GateRails) and said.waits
            self.message_user(
                request, "It waits for a second person." if waits else f"{said}.", messages.SUCCESS
            )
        return self._back(request, gate, form)

    def apply_draft(self, request: HttpRequest, pk: int) -> HttpResponse:
        form = self._draft(request, pk)
        if form.is_valid() and (adopted := form.put_in_force(actor_of(request))):
            return self._in_force(request, adopted)
        return self._back(request, form.draft.gate, form)

    def refuse_draft(self, request: HttpRequest, pk: int) -> HttpResponse:
        form = self._draft(request, pk)
        if form.is_valid() and form.refuse(actor_of(request)):
            self.message_user(request, "The draft is refused.", messages.SUCCESS)
        return self._back(request, form.draft.gate, form)

    def _draft(self, request: HttpRequest, pk: int) -> DraftForm:
        draft = get_object_or_404(Draft.objects.select_related("gate__agent", "author"), pk=pk)
        self._changeable(request, draft.gate_id)
        return DraftForm(draft, request.POST)

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
