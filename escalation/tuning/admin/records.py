"""What was proposed and what became of it, as read-only lists."""

from __future__ import annotations

from django.contrib import admin

from escalation.queue.facts import FactAdmin
from escalation.tuning.models import (
    Calibration,
    Draft,
    GateCosts,
    GateRails,
    GateTarget,
    Proposal,
    Settlement,
)


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


@admin.register(GateRails)
class GateRailsAdmin(FactAdmin):
    list_display = ["gate", "auto_apply", "four_eyes", "on_alarm", "author", "reason", "set_at"]
    list_filter = ["gate"]
    list_select_related = ["gate__agent", "author"]
    ordering = ["-id"]


@admin.register(GateCosts)
class GateCostsAdmin(FactAdmin):
    list_display = ["gate", "error", "minutes", "minute", "delay", "author", "reason", "set_at"]
    list_filter = ["gate"]
    list_select_related = ["gate__agent", "author"]
    ordering = ["-id"]


@admin.register(Draft)
class DraftAdmin(FactAdmin):
    list_display = ["gate", "threshold", "author", "reason", "written_at", "ended_by", "policy"]
    list_filter = ["gate"]
    list_select_related = ["gate__agent", "author", "ended_by", "policy__gate__agent"]
    ordering = ["-id"]


@admin.register(Calibration)
class CalibrationAdmin(FactAdmin):
    list_display = [
        "gate",
        "model",
        "prompt_version",
        "version",
        "method",
        "labels",
        "expected_error",
        "made_at",
    ]
    list_filter = ["gate"]
    list_select_related = ["gate__agent"]
    ordering = ["-id"]
