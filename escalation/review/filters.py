"""What a reviewer may narrow the queue by; every filter is in the address of the page."""

from collections.abc import Iterable, Mapping
from typing import Any

import django_filters as filters  # type: ignore[import-untyped]
from django import forms
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.functional import cached_property
from django.utils.http import urlencode

from escalation.queue.models import Escalation, Watch
from escalation.queue.models.alike import alike_to
from escalation.queue.models.line import EscalationQuerySet
from escalation.queue.models.reason import BLIND_REASONS
from escalation.review.choices import (
    AGES,
    DECIDED,
    MINE,
    OLDER_THAN,
    OPEN,
    OTHERS,
    REASONS,
    SHOWS,
    SNOOZED,
    WATCHED,
    WHOLENESS,
    WHOLENESS_ONCE,
    Choices,
    known_names,
)
from escalation.review.orders import NEWEST, ORDERS, URGENCY, Order
from escalation.review.search import search

# What a stream of claims keeps to, from one escalation to the next.
STREAM = ("queue", "agent", "reason")
# At hand above the list, and behind "More".
AT_HAND = ("agent", "reason", "priority")
MORE = ("gate", "partial", "confidence_min", "confidence_max", "age", "tag", "assignee")
NARROWING = ("q", *AT_HAND, *MORE, "alike")
# What the address may also hold: where the page begins, what was just decided, what is shown.
NOT_FILTERS = {"after", "decided", "shown", "newest"}


def _choice(label: str, choices: Any = (), **more: Any) -> Any:
    return filters.ChoiceFilter(label=label, choices=choices, empty_label=f"Any {label.lower()}", **more)


def _share(label: str, method: str) -> Any:
    widget = forms.NumberInput({"step": "any", "min": 0, "max": 1, "inputmode": "decimal"})
    return filters.NumberFilter(label=label, method=method, min_value=0, max_value=1, widget=widget)


class QueueFilter(filters.FilterSet):  # type: ignore[misc]
    """Narrows the escalations that a reviewer may see; says what it cannot read, which narrows nothing."""

    q = filters.CharFilter(label="Search", method="searched", max_length=200)
    agent = _choice("Agent")
    reason = _choice("Reason", REASONS)
    priority = _choice("Priority", Escalation.Priority.choices)
    gate = _choice("Gate")
    partial = filters.ChoiceFilter(
        label="PARTIAL", choices=WHOLENESS, empty_label="Whole or PARTIAL", method="whole"
    )
    confidence_min = _share("Confidence from", "sure")
    confidence_max = _share("Confidence to", "unsure")
    age = _choice("Age", OLDER_THAN, method="older")
    tag = filters.CharFilter(label="Tag", method="tagged", max_length=100)
    assignee = filters.ChoiceFilter(label="Held by", empty_label="Anybody or nobody", method="assigned")
    alike = filters.NumberFilter(
        label="Alike to", method="failed_alike", widget=forms.HiddenInput, max_value=2**63 - 1
    )
    order = filters.ChoiceFilter(
        label="Order",
        choices=[(order.name, order.label) for order in ORDERS if order.name],
        empty_label=URGENCY.label,
        method="in_any_order",
    )
    show = filters.ChoiceFilter(choices=SHOWS, empty_label=None, method="held")
    queue = filters.CharFilter(field_name="queue__slug", widget=forms.HiddenInput, max_length=50)

    class Meta:
        model = Escalation
        fields = ["queue", "order", *NARROWING]

    def __init__(
        self, data: Any, *args: Any, names: Mapping[str, Choices] | None = None, **kwargs: Any
    ) -> None:
        asked = {name: value.strip() for name, value in data.items() if name not in NOT_FILTERS}
        self._unknown = sorted(set(asked) - set(self.base_filters) - {"csrfmiddlewaretoken"})
        self._garbled_show = "" if asked.get("show", OPEN) in dict(SHOWS) else asked.pop("show")
        asked["partial"] = WHOLENESS_ONCE.get(asked.get("partial", ""), asked.get("partial", ""))
        super().__init__({"show": OPEN} | asked, *args, **kwargs)
        for name, choices in (names or known_names(self.request.user)).items():
            self.filters[name].extra["choices"] = choices
        for name in (*NARROWING, "order"):
            self.form.fields[name].widget.attrs["aria-label"] = self.form.fields[name].label

    @property
    def part(self) -> str:
        """Which part of the life of an escalation is listed."""
        return str(self._valid.get("show") or OPEN)

    @property
    def narrowing(self) -> dict[str, str]:
        """The filters in use, without the choice of queue and of what to show."""
        valid = self._valid
        return {name: str(valid[name]) for name in NARROWING if valid.get(name) not in (None, "")}

    @property
    def _valid(self) -> dict[str, Any]:
        self.form.is_valid()
        return dict(self.form.cleaned_data)

    @property
    def complaints(self) -> list[tuple[str, str]]:
        """What the address asks for and cannot be read, and what is wrong with it."""
        garbled = [
            (f"{self.form[name].label}: {self.data[name]}", _problem(self.form[name].errors))
            for name in self.form.errors
        ]
        shown = (
            [(f"Show: {self._garbled_show}", "There is nothing of that name.")] if self._garbled_show else []
        )
        return [*garbled, *shown, *((name, "There is no filter of that name.") for name in self._unknown)]

    @property
    def in_order(self) -> Order:
        """How the list is ordered: what is decided is never urgent, and always the newest first."""
        named = self._valid.get("order") or ""
        return NEWEST if self.part == DECIDED else next(order for order in ORDERS if order.name == named)

    @property
    def folds(self) -> bool:
        """Whether those that failed alike are one row: in order of urgency, the first stands for all."""
        return self.part == OPEN and self.in_order == URGENCY and "alike" not in self.narrowing

    @cached_property
    def lead(self) -> Escalation | None:
        """The one that all that are listed are alike to."""
        pk = self._valid.get("alike")
        return self.queryset.filter(pk=int(pk)).without_bodies().first() if pk else None

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
        names = AT_HAND if self.part == DECIDED else (*AT_HAND, "order")
        return [self.form[name] for name in names]

    @property
    def more(self) -> list[Any]:
        return [self.form[name] for name in MORE]

    @property
    def in_use(self) -> list[tuple[str, str, str]]:
        """Each filter in use that is not at hand: its name, its value, and the address without it."""
        narrowing = self.narrowing
        return [
            (self._said(name), _named(self.form.fields[name], value), self._address(narrowing, without=name))
            for name, value in narrowing.items()
            if name in MORE or name == "alike"
        ]

    @property
    def address(self) -> str:
        """The query of this very list."""
        return self._address(self.narrowing)

    @property
    def unnarrowed_address(self) -> str:
        return self._address({})

    def _said(self, name: str) -> str:
        return str(self.form.fields[name].label)

    def _address(self, narrowing: dict[str, str], without: str = "") -> str:
        shown = {"show": self.part} if self.part != OPEN else {}
        queue = {"queue": self.queue_slug} if self.queue_slug else {}
        order = {"order": self._valid["order"]} if self._valid.get("order") else {}
        return urlencode(
            queue | shown | order | {name: value for name, value in narrowing.items() if name != without}
        )

    def searched(self, line: EscalationQuerySet, name: str, value: str) -> EscalationQuerySet:
        return search(line, value)

    def in_any_order(self, line: EscalationQuerySet, name: str, value: str) -> EscalationQuerySet:
        """All of it: the page that is read puts it in order."""
        return line

    def whole(self, line: EscalationQuerySet, name: str, value: str) -> EscalationQuerySet:
        return line.filter(partial=value == "true")

    def sure(self, line: EscalationQuerySet, name: str, value: Any) -> EscalationQuerySet:
        return self._not_blind(line.filter(confidence__gte=float(value)))

    def unsure(self, line: EscalationQuerySet, name: str, value: Any) -> EscalationQuerySet:
        return self._not_blind(line.filter(confidence__lte=float(value)))

    def older(self, line: EscalationQuerySet, name: str, value: str) -> EscalationQuerySet:
        return line.filter(raised_at__lte=Now() - AGES[value][1])

    def tagged(self, line: EscalationQuerySet, name: str, value: str) -> EscalationQuerySet:
        return line.filter(tags__contains=[value])

    def failed_alike(self, line: EscalationQuerySet, name: str, value: Any) -> EscalationQuerySet:
        return line.filter(alike_to(self.lead) if self.lead else Q(pk=0))

    def assigned(self, line: EscalationQuerySet, name: str, value: str) -> EscalationQuerySet:
        """Keep what this person holds, or what they decided where the decided are shown."""
        if self.part == DECIDED:
            return self._not_blind(line.filter(decision__reviewer__username=value))
        return line.filter(claimed_by__username=value)

    def _not_blind(self, line: EscalationQuerySet) -> EscalationQuerySet:
        # What a blind check hides cannot be found out by filtering for it either.
        return line.exclude(reason__in=BLIND_REASONS)

    def held(self, line: EscalationQuerySet, name: str, value: str) -> EscalationQuerySet:
        """Keep one part of the life cycle; what sleeps is shown only when asked for."""
        status, me = Escalation.Status, Q(claimed_by=self.request.user)
        asleep = Q(status=status.WAITING, snoozed_until__gt=Now())
        parts = {
            OPEN: Q(status__in=[status.WAITING, status.CLAIMED]) & ~asleep,
            MINE: Q(status=status.CLAIMED, claimed_ahead=False) & me,
            OTHERS: Q(status=status.CLAIMED, claimed_ahead=False, claimed_until__gt=Now()) & ~me,
            SNOOZED: asleep,
            DECIDED: Q(status=status.DECIDED),
            WATCHED: Q(pk__in=Watch.objects.filter(person=self.request.user).values("escalation")),
        }
        return line.filter(parts[value])


def _problem(errors: Iterable[str]) -> str:
    said = " ".join(errors)
    return "There is none of that name." if "not one of the available choices" in said else said


def _named(field: forms.Field, value: str) -> str:
    choices = dict(getattr(field, "choices", ()))
    return str(choices.get(value, value))
