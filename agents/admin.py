"""What runs did, step by step, and what it cost."""

from django.contrib import admin

from agents.models import BreakerEvent, LedgerEntry, Run, Step, ToolCall
from escalation.queue.facts import FactAdmin, FactInline


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
    list_filter = ["stop_reason", "kept", "final_report"]
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
    list_display = ["id", "breaker", "before", "after", "actor", "reason", "at"]
    list_filter = ["breaker"]
    list_select_related = ["actor"]
    ordering = ["-id"]
