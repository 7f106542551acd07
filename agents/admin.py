"""What runs did, step by step, and what it cost."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from agents.breakers.control import BreakerForm, known_breakers
from agents.models import BreakerEvent, LedgerEntry, Run, Step, ToolCall
from escalation.access.confirming import always, undelayed
from escalation.queue.facts import FactAdmin, FactInline, actor_of

MAY_SET = "agents.add_breakerevent"  # what a person does to a breaker is one more row of its record


class StepInline(FactInline):
    model = Step
    fields = readonly_fields = ("number", "stop_reason", "cut", "kept", "micro_usd", "seconds", "at")


class ToolCallInline(FactInline):
    model = ToolCall
    fields = readonly_fields = ("name", "state", "effect", "error", "seconds")


@admin.register(Run)
class RunAdmin(FactAdmin):
    list_display = ["id", "agent", "title", "state", "detail", "step", "created_at", "ended_at"]
    list_filter = ["state", "agent", "gate"]
    search_fields = ["title"]
    ordering = ["-id"]
    inlines = [StepInline, ToolCallInline]


@admin.register(Step)
class StepAdmin(FactAdmin):
    list_display = ["__str__", "stop_reason", "cut", "final_report", "micro_usd", "seconds", "at"]
    list_filter = [("stop_reason", admin.EmptyFieldListFilter), "kept", "final_report"]
    ordering = ["-id"]


@admin.register(ToolCall)
class ToolCallAdmin(FactAdmin):
    list_display = ["id", "name", "run", "state", "effect", "seconds"]
    list_filter = ["state", "effect", "name"]
    list_select_related = ["run"]
    ordering = ["-id"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(FactAdmin):
    list_display = ["id", "run_id", "agent", "step", "kind", "micro_usd", "model", "at"]
    list_filter = ["kind", "agent", "model"]
    ordering = ["-id"]


@admin.register(BreakerEvent)
class BreakerEventAdmin(FactAdmin):
    """The record of every breaker; and the page on which a person forces or resets one."""

    list_display = ["id", "breaker", "before", "after", "actor", "reason", "at"]
    list_filter = ["breaker"]
    list_select_related = ["actor"]
    ordering = ["-id"]
    change_list_template = "admin/agents/breaker_events.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("breakers/", view(self.breakers), name="agents_breakers"),
            path("breakers/set/", view(require_POST(self.set_breaker)), name="agents_breaker_set"),
            *super().get_urls(),
        ]

    def breakers(self, request: HttpRequest) -> HttpResponse:
        """Every known breaker as it now stands, with its last changes."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        known = known_breakers()
        context = {"title": "Breakers", "opts": self.opts, "breakers": known}
        context["shared"] = all(breaker.now.shared for breaker in known)
        context["may_set"] = request.user.has_perm(MAY_SET)
        return TemplateResponse(
            request, "admin/agents/breakers.html", self.admin_site.each_context(request) | context
        )

    @undelayed(always)
    def set_breaker(self, request: HttpRequest) -> HttpResponse:
        """Force a breaker open or closed, or reset it, under the name of who asks and with their reason."""
        if not request.user.has_perm(MAY_SET):
            raise PermissionDenied
        form = BreakerForm(request.POST)
        if form.is_valid() and (done := form.carry_out(actor_of(request))):
            became = done.after.replace("_", " ")
            self.message_user(request, f"Done: {done.name} is {became}.", messages.SUCCESS)
        for errors in form.errors.values():
            for error in errors:
                self.message_user(request, str(error), messages.ERROR)
        return redirect("admin:agents_breakers")
