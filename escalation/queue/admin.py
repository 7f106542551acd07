"""The review queues with their members, and what waited in them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from escalation.queue.facts import FactAdmin, FactInline
from escalation.queue.forms import NAMES, ReviewQueueForm
from escalation.queue.models import (
    Check,
    Decision,
    Escalation,
    Event,
    Membership,
    QueueEvent,
    ReasonCode,
    ReviewQueue,
)


class NamedCells(BaseInlineFormSet[Any, Any, Any]):
    """Rows of a table whose every field says its name to a screen reader; the head of its column does not."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for name, field in form.fields.items():
            # What leads to another row is a field inside a wrapper.
            widget = getattr(field.widget, "widget", field.widget)
            widget.attrs["aria-label"] = str(field.label or name).capitalize()


class MembershipInline(admin.TabularInline[Membership, ReviewQueue]):
    model = Membership
    formset = NamedCells
    extra = 1


class ReasonCodeInline(admin.TabularInline[ReasonCode, ReviewQueue]):
    model = ReasonCode
    formset = NamedCells
    extra = 1


@admin.register(ReviewQueue)
class ReviewQueueAdmin(admin.ModelAdmin[ReviewQueue]):
    form = ReviewQueueForm
    list_display = ["name", "slug", "capacity", "as_it_is", "people"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [MembershipInline, ReasonCodeInline]
    fieldsets = [
        (None, {"fields": ["name", "slug", "capacity", "second_review_share"]}),
        ("Working hours", {"fields": ["time_zone", *NAMES, "closures"]}),
    ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # The fields of the hours are made by the form itself, which the factory does not know of.
        return self.form

    @admin.display(description="Load")
    def as_it_is(self, queue: ReviewQueue) -> str:
        return str(queue.load.get("sentence", "no capacity is set"))

    def people(self, queue: ReviewQueue) -> str:
        members = queue.memberships.select_related("user").order_by("user__username")
        return ", ".join(f"{member.user} ({member.role})" for member in members) or "nobody"


class DecisionInline(FactInline):
    model = Decision
    fields = readonly_fields = ("verdict", "reviewer", "note", "decided_at", "effective_at")


class EventInline(FactInline):
    model = Event
    fields = readonly_fields = ("kind", "actor", "at", "data")


@admin.register(Escalation)
class EscalationAdmin(FactAdmin):
    list_display = [
        "id",
        "title",
        "agent",
        "gate",
        "reason",
        "confidence",
        "threshold",
        "status",
        "raised_at",
    ]
    list_display_links = ["id", "title"]
    list_filter = ["status", "reason", "kind", "partial", "priority", "queue"]
    search_fields = ["title", "external_id", "agent"]
    ordering = ["-id"]
    inlines = [DecisionInline, EventInline]


@admin.register(Decision)
class DecisionAdmin(FactAdmin):
    list_display = ["id", "escalation", "verdict", "reviewer", "edited", "cosmetic", "decided_at"]
    list_filter = ["verdict", "cosmetic", "reviewer"]
    list_select_related = ["escalation", "reviewer"]
    ordering = ["-id"]
    actions = ["use_as_gold"]

    def has_seed_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("queue.add_check")

    @admin.action(description="Use as gold", permissions=["seed"])
    def use_as_gold(self, request: HttpRequest, chosen: QuerySet[Decision]) -> None:
        """Take these for the truth, and ask others the same without their knowing."""
        standing = chosen.filter(standing_for__isnull=False).select_related("escalation__queue")
        seeded = [Check.objects.seed(decision) for decision in standing]
        number = sum(check is not None for check in seeded)
        self.message_user(request, f"{number} wait for somebody else.", messages.SUCCESS)

    @admin.display(boolean=True)
    def edited(self, decision: Decision) -> bool:
        return decision.edited


@admin.register(Event)
class EventAdmin(FactAdmin):
    list_display = ["id", "escalation", "kind", "actor", "at"]
    list_filter = ["kind"]
    list_select_related = ["escalation", "actor"]
    ordering = ["-id"]


@admin.register(QueueEvent)
class QueueEventAdmin(FactAdmin):
    list_display = ["id", "queue", "pressure", "at"]
    list_filter = ["pressure", "queue"]
    list_select_related = ["queue"]
    ordering = ["-id"]


@admin.register(Check)
class CheckAdmin(FactAdmin):
    list_display = ["id", "first", "escalation", "stands", "settled_by"]
    list_filter = ["stands", "escalation__queue"]
    list_select_related = ["first", "escalation", "settled_by"]
    ordering = ["-id"]
