"""What ops write of a review queue: its hours a weekday each, its days off a line each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from escalation.queue.hours import DAYS
from escalation.queue.models import ReviewQueue
from escalation.queue.opening import (
    faults_of_closures,
    faults_of_week,
    read_closures,
    read_spans,
    write_closures,
    write_spans,
)

NAMES = dict(
    zip(DAYS, ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], strict=True)
)


class ReviewQueueForm(forms.ModelForm[ReviewQueue]):
    closures = forms.CharField(
        required=False,
        label="Closed on",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Holidays and out-of-office, a line each: 2026-12-24 to 2026-12-26 Christmas",
    )

    class Meta:
        model = ReviewQueue
        fields = ["name", "slug", "time_zone", "capacity", "second_review_share"]
        help_texts = {
            "time_zone": "The hours are in this zone, for example Europe/Berlin.",
            "second_review_share": "Of decisions, 0 to 1: somebody else is asked the same, blind.",
            "capacity": "How many may wait. Beyond it, policies may send results of low stakes elsewhere.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for day, name in NAMES.items():
            text = write_spans(self.instance.hours.get(day, []))
            hint = "09:00-12:30, 13:30-18:00; no hours on any day: open day and night"
            help_text = hint if day == DAYS[0] else ""
            self.fields[day] = forms.CharField(required=False, label=name, help_text=help_text, initial=text)
        self.initial["closures"] = write_closures(self.instance.closed)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        spans = {day: read_spans(said.get(day, "")) for day in DAYS}
        week = {day: pairs for day, pairs in spans.items() if pairs}
        faults = [f"{day}: write spans like 09:00-17:30" for day, pairs in spans.items() if pairs is None]
        for fault in faults + faults_of_week(week):
            day, _, text = fault.partition(": ")
            self.add_error(day, text)
        self.instance.hours = week
        return said

    def clean_closures(self) -> str:
        text: str = self.cleaned_data["closures"]
        closed = read_closures(text)
        faults = (
            faults_of_closures(closed) if closed is not None else ["write days like 2026-12-24, a line each"]
        )
        if faults:
            raise ValidationError(faults)
        self.instance.closed = closed or []
        return text
