"""When and why results were not what they were."""

from __future__ import annotations

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path

from escalation.access.confirming import always, undelayed
from escalation.gating.models import Gate
from escalation.queue.facts import FactAdmin, actor_of
from escalation.tuning.admin.pages import GatePages
from escalation.tuning.models import Alarm, GateRails, Watch
from escalation.tuning.trail import draw_trail


@admin.register(Alarm)
class AlarmAdmin(GatePages):
    list_display = ["id", "watch", "kind", "at", "policy", "acknowledged_by", "acknowledged_at"]
    list_filter = ["kind", "watch__gate"]
    list_select_related = ["watch__gate__agent", "policy__gate__agent", "acknowledged_by"]
    ordering = ["-id"]

    def get_urls(self) -> list[URLPattern]:
        return [
            path("gate/<int:gate>/", self.admin_site.admin_view(self.drift), name="tuning_drift"),
            path("<int:pk>/acknowledge/", self.act(self.acknowledge), name="tuning_acknowledge"),
            *super().get_urls(),
        ]

    def drift(self, request: HttpRequest, gate: int) -> HttpResponse:
        """What is watched at a gate, what it looks like now, and every alarm so far."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = get_object_or_404(Gate.objects.select_related("agent"), pk=gate)
        watches = list(Watch.objects.filter(gate=found).order_by("-id")[:5])
        watch = watches[0] if watches else None
        # After an alarm a new watch begins, with nothing to draw yet: what led to the alarm stays in sight.
        drawn = next((one for one in watches if len(one.trail) > 1), None)
        alarms = Alarm.objects.filter(watch__gate=found).select_related("watch", "policy", "acknowledged_by")
        context = {
            "watch": watch,
            "counts": watch.counts() if watch else [],
            "drawn": drawn,
            "trail": draw_trail(drawn.trail) if drawn else None,
            "alarms": alarms.order_by("-id")[:50],
            "rails": GateRails.objects.of(found),
            "may_acknowledge": request.user.has_perm("tuning.change_alarm"),
        }
        return self._page(request, "admin/tuning/drift.html", found, f"Drift at {found}", context)

    @undelayed(always)
    def acknowledge(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm("tuning.change_alarm"):
            raise PermissionDenied
        alarm = get_object_or_404(Alarm.objects.select_related("watch"), pk=pk)
        alarm.acknowledge(actor_of(request))
        self.message_user(request, "Seen. What came into force stays until you change it.", messages.SUCCESS)
        return redirect("admin:tuning_drift", alarm.watch.gate_id)


@admin.register(Watch)
class WatchAdmin(FactAdmin):
    list_display = ["gate", "threshold", "model", "prompt_version", "began_at", "ended_at"]
    list_filter = ["gate"]
    list_select_related = ["gate__agent"]
    ordering = ["-id"]
