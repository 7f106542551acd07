"""The labels, and what they say of a gate's threshold."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from escalation.gating.models import Gate
from escalation.queue.facts import FactAdmin
from escalation.tuning.models import Label
from escalation.tuning.risk import risk_at


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
        view = self.admin_site.admin_view
        return [path("risk/<int:gate>/", view(self.risk), name="tuning_risk"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        gates = {"gates": Gate.objects.select_related("agent")}
        return super().changelist_view(request, (extra_context or {}) | gates)

    def risk(self, request: HttpRequest, gate: int) -> HttpResponse:
        """What accepting more, or less, at a gate would have meant."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = get_object_or_404(Gate.objects.select_related("agent"), pk=gate)
        context = {"title": f"Risk against coverage at {found}", "gate": found, "opts": self.opts}
        context |= {"risk": risk_at(found), "policy": found.policy}
        return TemplateResponse(
            request, "admin/tuning/risk.html", self.admin_site.each_context(request) | context
        )
