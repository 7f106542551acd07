"""Deciding many at once: which were chosen, what is said of all of them, and what became of each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django import forms

from escalation.queue.models import Verdict
from escalation.queue.models.bulk import MOST_AT_ONCE
from escalation.review.forms import DISMISS_CODES, REJECT_CODES, asks_for_note
from escalation.review.typed import TextField

CHOSEN = re.compile(r"(\d{1,18})~(\d{1,9})", re.ASCII)


class BulkForm(forms.Form):
    """What is said of all that were chosen; its fields carry the verdict's name: one form holds all."""

    use_required_attribute = False

    def __init__(self, verdict: Verdict, key: str, data: Any = None) -> None:
        self.says, self.key = verdict, key
        super().__init__(data, prefix=verdict.value, auto_id="bulk-%s", label_suffix="")
        codes = CODES.get(verdict)
        if codes:
            radios = forms.RadioSelect()
            self.fields["reason_code"] = forms.ChoiceField(choices=codes, widget=radios, label="Reason")
            note = forms.Textarea({"rows": 2})
            self.fields["note"] = TextField(label="Note", required=False, max_length=10_000, widget=note)

    def clean(self) -> None:
        if asks_for_note(self.cleaned_data):
            self.add_error("note", "Say what the reason is.")


CODES = {Verdict.REJECT: REJECT_CODES, Verdict.DISMISS: DISMISS_CODES}
KEYS = {Verdict.ACCEPT: "a", Verdict.REJECT: "r", Verdict.DISMISS: "d"}


def bulk_forms(typed: Any = None) -> list[BulkForm]:
    """A form for each verdict that can be given to many; the one that was sent holds what was typed."""
    says = typed.get("verdict") if typed else None
    return [BulkForm(verdict, key, typed if verdict == says else None) for verdict, key in KEYS.items()]


def read_chosen(values: Iterable[str]) -> dict[int, int]:
    """The version at which each chosen escalation was seen; what is garbled was not chosen."""
    found = [CHOSEN.fullmatch(value) for value in values]
    return {int(match[1]): int(match[2]) for match in [match for match in found if match][:MOST_AT_ONCE]}
