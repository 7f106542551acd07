"""Deciding many at once: which were chosen, what is said of all of them, and what became of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms

from escalation.queue.models import ReviewQueue, Verdict
from escalation.queue.models.bulk import MOST_AT_ONCE
from escalation.queue.models.reason_code import USUAL, offered
from escalation.review.forms import lacks_note, reason_field
from escalation.review.typed import TextField

CHOSEN = re.compile(r"(\d{1,18})~(\d{1,9})", re.ASCII)


class BulkForm(forms.Form):
    """What is said of all that were chosen; its fields carry the verdict's name: one form holds all."""

    use_required_attribute = False

    def __init__(
        self, verdict: Verdict, key: str, set_here: Sequence[dict[str, Any]], data: Any = None
    ) -> None:
        self.says, self.key = verdict, key
        self.codes = offered(set_here, verdict) if verdict in USUAL else []
        super().__init__(data, prefix=verdict.value, auto_id="bulk-%s", label_suffix="")
        if self.codes:
            self.fields["reason_code"] = reason_field(self.codes)
            note = forms.Textarea({"rows": 2})
            self.fields["note"] = TextField(label="Note", required=False, max_length=10_000, widget=note)

    def clean(self) -> None:
        if lacks_note(self.cleaned_data, self.codes):
            self.add_error("note", "Say what the reason is.")


KEYS = {Verdict.ACCEPT: "a", Verdict.REJECT: "r", Verdict.DISMISS: "d"}


def bulk_forms(queues: Iterable[ReviewQueue], typed: Any = None) -> list[BulkForm]:
    """A form for each verdict that can be given to many; the one that was sent holds what was typed.

    What `queues` do not have in common is refused one by one.
    """
    says = typed.get("verdict") if typed else None
    set_here = [code for queue in queues for code in queue.codes]
    return [
        BulkForm(verdict, key, set_here, typed if verdict == says else None) for verdict, key in KEYS.items()
    ]


def read_chosen(values: Iterable[str]) -> dict[int, int]:
    """The version at which each chosen escalation was seen; what is garbled was not chosen."""
    found = [CHOSEN.fullmatch(value) for value in values]
    return {int(match[1]): int(match[2]) for match in [match for match in found if match][:MOST_AT_ONCE]}
