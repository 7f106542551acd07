"""Where agents are told, and what they were told."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.timezone import now

from escalation.access.confirming import is_confirmed
from escalation.delivery.forms import QueueChannelForm
from escalation.delivery.models import Channel, Delivery, Endpoint, Notification
from escalation.delivery.models.endpoint import EVENTS, OVERLAP, default_events
from escalation.queue.facts import FactAdmin


def secret_for(request: HttpRequest) -> str:
    """The field that shows a secret to whoever lately showed who they are, and to others the way there."""
    return "secret" if is_confirmed(request) else "hidden_secret"


def show_secret_link(row: Endpoint | Channel) -> str:
    if row.pk is None:
        return "-"
    page = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}?{}">Show it</a>', reverse("confirmation"), urlencode({"next": page}))


class EndpointForm(forms.ModelForm[Endpoint]):
    url = forms.URLField(max_length=2000, label="URL", assume_scheme="https")
    events = forms.MultipleChoiceField(
        choices=[(event, event) for event in EVENTS],
        widget=forms.CheckboxSelectMultiple,
        initial=default_events,
    )

    class Meta:
        model = Endpoint
        fields = ["agent", "url", "events", "enabled"]


@admin.register(Endpoint)
class EndpointAdmin(admin.ModelAdmin[Endpoint]):
    form = EndpointForm
    list_display = ["url", "agent", "enabled", "off_because", "health", "changed_at"]
    list_filter = ["agent", "enabled"]
    list_select_related = ["agent", "receiver"]
    actions = ["rotate_secret"]

    def get_readonly_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> list[str]:
        # A secret there is once the row is.
        secret = secret_for(request)
        return [secret, "previous_secret_until", "off_because", "health", "changed_at"] if obj else []

    @admin.display(description="Secret")
    def hidden_secret(self, endpoint: Endpoint) -> str:
        return show_secret_link(endpoint)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # its deliveries stay on record: disable it instead

    @admin.display(description="Health")
    def health(self, endpoint: Endpoint) -> str:
        receiver = endpoint.receiver
        if receiver.rests_until and receiver.rests_until > now():
            return f"left alone until {receiver.rests_until:%H:%M:%S} UTC after {receiver.failures} failures"
        return f"{receiver.failures} failures in a row" if receiver.failures else "answers"

    @admin.action(description="Rotate the secret", permissions=["change"])
    def rotate_secret(self, request: HttpRequest, chosen: QuerySet[Endpoint]) -> None:
        """Sign with a new secret, and for a day with the old one too; the endpoint's page shows it."""
        for endpoint in chosen:
            endpoint.rotate_secret()
            hours = round(OVERLAP.total_seconds() / 3600)
            said = f"{endpoint}: a new secret signs. The old one signs too for {hours} hours."
            self.message_user(request, said, messages.SUCCESS)


@admin.register(Channel)
class ChannelAdmin(admin.ModelAdmin[Channel]):
    """The channels of review queues; those of people are theirs alone, on their account page."""

    form = QueueChannelForm
    list_display = ["queue", "kind", "enabled", "failures", "last_answer"]
    list_filter = ["queue", "kind", "enabled"]
    list_select_related = ["queue"]

    def get_readonly_fields(self, request: HttpRequest, obj: Channel | None = None) -> list[str]:
        return [secret_for(request)]

    @admin.display(description="Secret")
    def hidden_secret(self, channel: Channel) -> str:
        return show_secret_link(channel)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        return super().get_queryset(request).exclude(queue=None)


@admin.register(Notification)
class NotificationAdmin(FactAdmin):
    list_display = ["id", "topic", "channel", "status", "created_at", "due_at", "sent_at"]
    list_filter = ["status", "topic"]
    list_select_related = ["channel__queue", "channel__user"]
    ordering = ["-id"]


class RangeForm(forms.Form):
    """Which deliveries to send again."""

    since = forms.DateTimeField(help_text="UTC, for example 2027-03-01 14:00")
    until = forms.DateTimeField(help_text="UTC; up to, and not including")
    endpoint = forms.ModelChoiceField(Endpoint.objects.all(), required=False, empty_label="every receiver")
    delivered_too = forms.BooleanField(required=False, label="Also what was delivered, not only what is dead")

    def chosen(self) -> QuerySet[Delivery]:
        said = self.cleaned_data
        rows = Delivery.objects.filter(created_at__gte=said["since"], created_at__lt=said["until"])
        if said["endpoint"]:
            rows = rows.filter(endpoint=said["endpoint"])
        return rows if said["delivered_too"] else rows.filter(status=Delivery.Status.DEAD)


@admin.register(Delivery)
class DeliveryAdmin(FactAdmin):
    list_display = [
        "id",
        "event",
        "url",
        "status",
        "attempts",
        "created_at",
        "next_attempt_at",
        "last_answer",
    ]
    list_filter = ["status", "event", "endpoint"]
    list_select_related = ["endpoint__agent"]
    search_fields = ["url", "message_id"]
    date_hierarchy = "created_at"
    ordering = ["-id"]
    actions = ["redeliver"]
    change_list_template = "admin/delivery/deliveries.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.redeliver_range)
        return [path("redelivery/", view, name="delivery_redelivery"), *super().get_urls()]

    def has_redeliver_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("delivery.change_delivery")

    @admin.action(description="Send again", permissions=["redeliver"])
    def redeliver(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        """Start ended deliveries again; those under way, and those of undone decisions, stay as they are."""
        rows = Delivery.objects.filter(pk__in=chosen.order_by().values("pk"))
        selected, restarted = rows.count(), rows.redeliver()
        self.message_user(request, f"{restarted} will be sent again.", messages.SUCCESS)
        if left := selected - restarted:
            self.message_user(request, f"{left} stay as they are: under way, or cancelled.", messages.WARNING)

    def redeliver_range(self, request: HttpRequest) -> HttpResponse:
        """Send again what was written in a span of time."""
        if not self.has_redeliver_permission(request):
            raise PermissionDenied
        form = RangeForm(request.POST or None)
        if form.is_valid():
            self.redeliver(request, form.chosen())
            return redirect("admin:delivery_delivery_changelist")
        context = {"title": "Send a span of time again", "opts": self.opts, "form": form}
        return TemplateResponse(
            request, "admin/delivery/redelivery.html", self.admin_site.each_context(request) | context
        )
