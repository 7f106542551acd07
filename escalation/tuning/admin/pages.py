"""What all pages about a gate have in common."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from escalation.gating.models import Gate, Policy
from escalation.queue.facts import FactAdmin


class GatePages(FactAdmin):
    """A list of facts, with pages and acts of a gate beside it."""

    def act(self, view: Any) -> Any:
        return self.admin_site.admin_view(require_POST(view))

    def _changeable(self, request: HttpRequest, gate: int) -> Gate:
        if not request.user.has_perm("gating.add_policy"):
            raise PermissionDenied
        return get_object_or_404(Gate.objects.select_related("agent").exclude(policies=None), pk=gate)

    def _in_force(self, request: HttpRequest, adopted: Policy) -> HttpResponse:
        self.message_user(request, f"Version {adopted.version} is in force.", messages.SUCCESS)
        return redirect("admin:gating_gate_change", adopted.gate_id)

    def _back(self, request: HttpRequest, gate: Gate, form: forms.BaseForm) -> HttpResponse:
        for errors in form.errors.values():
            for error in errors:
                self.message_user(request, str(error), messages.ERROR)
        return redirect("admin:tuning_risk", gate.pk)

    def _page(
        self, request: HttpRequest, template: str, gate: Gate, title: str, context: dict[str, Any]
    ) -> HttpResponse:
        every = self.admin_site.each_context(request) | {"title": title, "gate": gate, "opts": self.opts}
        return TemplateResponse(request, template, every | context)
