"""What a reviewer may narrow the queue by; every filter is in the address of the page."""

from typing import Any

import django_filters as filters  # type: ignore[import-untyped]
from django import forms
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.http import urlencode

from escalation.gating.models import Agent
from escalation.queue.models import Escalation, Reason
from escalation.queue.models.line import EscalationQuerySet
from escalation.queue.models.reason import BLIND_REASONS

OPEN, MINE, OTHERS, SNOOZED, DECIDED = "open", "mine", "others", "snoozed", "decided"
SHOWS = [
    (OPEN, "Open"),
    (MINE, "Held by me"),
    (OTHERS, "Held by others"),
    (SNOOZED, "Snoozed"),
    (DECIDED, "Decided"),
]
WHOLENESS = [("1", "PARTIAL only"), ("0", "Whole only")]
# Blind checks look like everything else, so nobody can ask for them by name.
REASONS = [(reason.value, reason.label) for reason in Reason if reason not in BLIND_REASONS]
# What a stream of claims keeps to, from one escalation to the next.
STREAM = ("queue", "agent", "reason")
NARROWING = ("agent", "reason", "priority", "partial")


def agent_choices() -> list[tuple[str, str]]:
    return [(slug, slug) for slug in Agent.objects.values_list("slug", flat=True)]


class QueueFilter(filters.FilterSet):  # type: ignore[misc]
    """Narrows the escalations that a reviewer may see; an unknown value narrows nothing."""

    agent = filters.ChoiceFilter(choices=agent_choices, empty_label="Any agent")
    reason = filters.ChoiceFilter(choices=REASONS, empty_label="Any reason", method="because_of")
    priority = filters.ChoiceFilter(choices=Escalation.Priority.choices, empty_label="Any priority")
    partial = filters.ChoiceFilter(choices=WHOLENESS, empty_label="Whole or PARTIAL", method="whole")
    show = filters.ChoiceFilter(choices=SHOWS, empty_label=None, method="held")
    queue = filters.CharFilter(field_name="queue__slug", widget=forms.HiddenInput)

    class Meta:
        model = Escalation
        fields = ["queue", "agent", "reason", "priority", "partial"]

    def __init__(self, data: Any, *args: Any, **kwargs: Any) -> None:
        known = {name: value for name, value in data.items() if name in self.base_filters}
        super().__init__({"show": OPEN} | known, *args, **kwargs)
        for name in NARROWING:
            self.form.fields[name].widget.attrs["aria-label"] = name.capitalize()

    @property
    def part(self) -> str:
        """Which part of the life of an escalation is listed."""
        return str(self._valid.get("show") or OPEN)

    @property
    def narrowing(self) -> dict[str, str]:
        """The filters in use, without the choice of queue and of what to show."""
        return {name: value for name in NARROWING if (value := self._valid.get(name))}

    @property
    def _valid(self) -> dict[str, Any]:
        self.form.is_valid()
        return dict(self.form.cleaned_data)

    @property
    def queue_slug(self) -> str:
        return str(self._valid.get("queue") or "")

    @property
    def shows(self) -> list[tuple[str, str]]:
        return SHOWS

    @property
    def heading(self) -> str:
        return dict(SHOWS)[self.part]

    @property
    def selects(self) -> list[Any]:
        return [self.form[name] for name in NARROWING]

    @property
    def address(self) -> str:
        """The query of this very list."""
        return urlencode(self._kept | self.narrowing)

    @property
    def unnarrowed_address(self) -> str:
        return urlencode(self._kept)

    @property
    def _kept(self) -> dict[str, str]:
        shown = {"show": self.part} if self.part != OPEN else {}
        return ({"queue": self.queue_slug} if self.queue_slug else {}) | shown

    def because_of(self, line: EscalationQuerySet, name: str, value: str) -> EscalationQuerySet:
        return line.filter(reason=value)

    def whole(self, line: EscalationQuerySet, name: str, value: str) -> EscalationQuerySet:
        return line.filter(partial=value == "1")

    def held(self, line: EscalationQuerySet, name: str, value: str) -> EscalationQuerySet:
        """Keep one part of the life cycle; what sleeps is shown only when asked for."""
        status, me = Escalation.Status, Q(claimed_by=self.request.user)
        asleep = Q(status=status.WAITING, snoozed_until__gt=Now())
        parts = {
            OPEN: Q(status__in=[status.WAITING, status.CLAIMED]) & ~asleep,
            MINE: Q(status=status.CLAIMED) & me,
            OTHERS: Q(status=status.CLAIMED, claimed_until__gt=Now()) & ~me,
            SNOOZED: asleep,
            DECIDED: Q(status=status.DECIDED),
        }
        return line.filter(parts[value])
