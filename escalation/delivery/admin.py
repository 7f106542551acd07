"""Where agents are told, and what they were told."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from escalation.delivery.models import Delivery, Endpoint
from escalation.delivery.models.endpoint import all_events
from escalation.queue.facts import FactAdmin


class EndpointForm(forms.ModelForm[Endpoint]):
    url = forms.URLField(max_length=2000, label="URL", assume_scheme="https")
    events = forms.MultipleChoiceField(
        choices=[(event, event) for event in all_events()],
        widget=forms.CheckboxSelectMultiple,
        initial=all_events,
    )

    class Meta:
        model = Endpoint
        fields = ["agent", "url", "events", "enabled"]


@admin.register(Endpoint)
class EndpointAdmin(admin.ModelAdmin[Endpoint]):
    form = EndpointForm
    list_display = ["url", "agent", "enabled", "changed_at"]
    list_filter = ["agent", "enabled"]
    list_select_related = ["agent"]

    def get_readonly_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> list[str]:
        return ["secret", "changed_at"] if obj else []  # a secret there is once the row is

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # its deliveries stay on record: disable it instead


@admin.register(Delivery)
class DeliveryAdmin(FactAdmin):
    list_display = ["id", "event", "url", "status", "attempts", "next_attempt_at", "last_answer"]
    list_filter = ["status", "event"]
    list_select_related = ["endpoint"]
    search_fields = ["url", "message_id"]
    ordering = ["-id"]
    hidden = ["secret"]
    actions = ["redeliver"]

    def has_redeliver_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("delivery.change_delivery")

    @admin.action(description="Send again", permissions=["redeliver"])
    def redeliver(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        """Start ended deliveries again; those under way, and those of undone decisions, stay as they are."""
        restarted = [delivery.redeliver() for delivery in chosen]
        self.message_user(request, f"{sum(restarted)} will be sent again.", messages.SUCCESS)
        if left := len(restarted) - sum(restarted):
            self.message_user(request, f"{left} stay as they are: under way, or cancelled.", messages.WARNING)
