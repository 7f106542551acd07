"""One form for each verdict: what it asks of the reviewer, and what it hands to `Escalation.decide`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_UP, Context
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict

from escalation.queue.models import Escalation, Verdict
from escalation.queue.models.decision import FITTING, is_amount
from escalation.queue.models.reason_code import Code, offered
from escalation.review.schema_fields import SchemaFields
from escalation.review.typed import NumberField, StrictJSONField, TextField, fields_for, value_from

# What can be granted: its label, and whether it is a whole number.
GRANTS = {
    "cost_usd": ("More money ($)", False),
    "turns": ("More turns", True),
    "tool_calls": ("More tool calls", True),
    "tokens": ("More tokens", True),
    "output_tokens": ("More output tokens", True),
    "wall_clock_s": ("More seconds at work", False),
}
TWO_FIGURES = Context(prec=2, rounding=ROUND_UP)
DAY = 86_400.0


class VerdictForm(forms.Form):
    """What every decision carries; each verdict adds its own fields."""

    says: ClassVar[Verdict]
    key: ClassVar[str]
    title: ClassVar[str]
    hint: ClassVar[str] = ""
    # Needs room beside the output that it is about.
    wide: ClassVar[bool] = False

    verdict = forms.CharField(widget=forms.HiddenInput)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)
    seconds_spent = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=0, max_value=DAY)

    def __init__(self, escalation: Escalation, data: QueryDict | None = None) -> None:
        self.escalation = escalation
        known = {"verdict": self.says.value, "version": escalation.version}
        super().__init__(data, initial=known, auto_id=f"{self.says.value}-%s", label_suffix="")
        extra = self.extra_fields()
        self.fields |= extra
        self.order_fields([name for name in extra if name != "note"])

    def extra_fields(self) -> dict[str, forms.Field]:
        """Fields that depend on what the escalation holds."""
        return {}

    @property
    def opens(self) -> bool:
        """Whether it stands open: somebody was filling it in, or it is all that is wanted here."""
        return self.is_bound or (
            self.says == Verdict.ANSWER and self.escalation.kind == Escalation.Kind.QUESTION
        )

    @property
    def asks(self) -> bool:
        """Whether there is anything to fill in before it can be sent."""
        return bool(self.visible_fields())

    def answer(self) -> Mapping[str, Any]:
        """The fields of Decision that this verdict fills."""
        return {
            name: self.cleaned_data[name] for name in ("note", "reason_code") if name in self.cleaned_data
        }

    def decision(self) -> dict[str, Any]:
        """The arguments of `Escalation.decide`, once the form is valid."""
        common = {name: self.cleaned_data[name] for name in ("version", "seconds_spent")}
        return {"verdict": self.says, **common, **self.answer()}


class AcceptForm(VerdictForm):
    says, key, title = Verdict.ACCEPT, "a", "Accept"


class EditForm(VerdictForm):
    says, key, title, wide = Verdict.EDIT, "e", "Edit and accept", True
    cosmetic = forms.BooleanField(required=False, label="Cosmetic only: the result was right")

    @property
    def original(self) -> Any:
        return arguments_of(self.escalation) if self._is_approval else self.escalation.output

    @property
    def _is_approval(self) -> bool:
        return self.escalation.kind == Escalation.Kind.APPROVAL

    def extra_fields(self) -> dict[str, forms.Field]:
        if self._is_approval:
            del self.fields["cosmetic"]
        fields = fields_for(self.original, "output", self.escalation.key_order)
        if self.is_bound:
            # What it is compared with while it is typed is what the agent said, not what was typed before.
            for field in fields.values():
                field.widget.attrs["data-original"] = field.prepare_value(field.initial)
        return fields | _note("Note", required=False)

    def clean(self) -> None:
        if not self.errors and value_from(self.original, "output", self.cleaned_data) == self.original:
            raise forms.ValidationError("Nothing was changed. Change something, or accept it as it is.")

    def answer(self) -> Mapping[str, Any]:
        changed = value_from(self.original, "output", self.cleaned_data)
        where = {"arguments": changed} if self._is_approval else {"output": changed}
        return {**super().answer(), **where, "cosmetic": self.cleaned_data.get("cosmetic", False)}


class CodedForm(VerdictForm):
    """A verdict that needs a reason, and a note where the reason says nothing by itself."""

    def extra_fields(self) -> dict[str, forms.Field]:
        self.codes = offered(self.escalation.queue.codes, self.says)
        return {"reason_code": reason_field(self.codes)} | _note("Note", required=False)

    def clean(self) -> None:
        if lacks_note(self.cleaned_data, self.codes):
            self.add_error("note", "Say what the reason is.")


class RejectForm(CodedForm):
    says, key, title = Verdict.REJECT, "r", "Reject"


class DismissForm(CodedForm):
    says, key, title = Verdict.DISMISS, "d", "Dismiss"


class AnswerForm(VerdictForm):
    says, key, title, wide = Verdict.ANSWER, "w", "Write the answer", True

    def extra_fields(self) -> dict[str, forms.Field]:
        options = self._options()
        labels = [(str(number), label) for number, (_, label) in enumerate(options)]
        if labels:
            return {"option": forms.ChoiceField(choices=labels, widget=forms.RadioSelect, label="Answer")}
        if self.escalation.answer_schema:
            self.made = SchemaFields(self.escalation.answer_schema, self.escalation.key_order)
            return self.made.fields
        wants_json = isinstance(self.escalation.output, dict | list)
        kind = StrictJSONField if wants_json else TextField
        rows = forms.Textarea({"rows": 6, "class": "code" if wants_json else ""})
        return {"text": kind(label="Answer as JSON" if wants_json else "Answer", widget=rows)}

    made: SchemaFields | None = None

    def clean(self) -> None:
        if self.made and not self.errors:
            for field, problem in self.made.problems(self.made.value(self.cleaned_data)):
                self.add_error(field, problem)

    def _options(self) -> list[tuple[Any, str]]:
        given = self.escalation.options if isinstance(self.escalation.options, list) else []
        pairs = [(option.get("value"), option.get("label")) for option in given if isinstance(option, dict)]
        return [(value, str(value if label is None else label)) for value, label in pairs]

    def answer(self) -> Mapping[str, Any]:
        if self.made:
            return {"answer": self.made.value(self.cleaned_data)}
        chosen = self.cleaned_data.get("option")
        return {"answer": self.cleaned_data["text"] if chosen is None else self._options()[int(chosen)][0]}


class ContinueForm(VerdictForm):
    says, key, title = Verdict.CONTINUE, "c", "Continue with more budget"
    hint = "As much again as it has used, unless you say otherwise."

    def extra_fields(self) -> dict[str, forms.Field]:
        offered = _as_much_again(self.escalation.usage)
        fields: dict[str, forms.Field] = {
            name: NumberField(
                whole=whole, required=False, label=label, min_value=0, initial=offered.get(name)
            )
            for name, (label, whole) in GRANTS.items()
        }
        return fields | _note("Note to the agent", required=False)

    def clean(self) -> None:
        if not self.errors and not self._grant():
            raise forms.ValidationError("Say how much more it may use.")

    def _grant(self) -> dict[str, Any]:
        return {name: amount for name in GRANTS if (amount := self.cleaned_data.get(name))}

    def answer(self) -> Mapping[str, Any]:
        return {**super().answer(), "grant": self._grant()}


class RetryForm(VerdictForm):
    says, key, title = Verdict.RETRY, "f", "Retry with feedback"

    def extra_fields(self) -> dict[str, forms.Field]:
        return _note("What to do differently", required=True)


def reason_field(codes: Sequence[Code]) -> forms.Field:
    """A choice of reasons; the digits choose."""
    choices = [(code.code, code.label) for code in codes]
    return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, label="Reason")


def lacks_note(cleaned: Mapping[str, Any], codes: Sequence[Code]) -> bool:
    """Whether the reason says nothing by itself, and nothing was said beside it."""
    needing = {code.code for code in codes if code.needs_note}
    return cleaned.get("reason_code") in needing and not cleaned.get("note", "").strip()


FORMS: tuple[type[VerdictForm], ...] = (
    AcceptForm,
    EditForm,
    RejectForm,
    ContinueForm,
    AnswerForm,
    RetryForm,
    DismissForm,
)


def forms_for(escalation: Escalation, typed: QueryDict | None = None) -> list[VerdictForm]:
    """The forms of every verdict that fits; the one whose verdict is in `typed` holds what was typed."""
    says = typed.get("verdict") if typed else None
    kinds = [
        form for form in FORMS if form.says in FITTING[escalation.kind] and _makes_sense(form, escalation)
    ]
    return [form(escalation, typed if form.says == says else None) for form in kinds]


def form_for(escalation: Escalation, typed: QueryDict) -> VerdictForm | None:
    """The form that was sent, or None when no fitting verdict was named."""
    return next((form for form in forms_for(escalation, typed) if form.is_bound), None)


def arguments_of(escalation: Escalation) -> Any:
    """What the call that is to be approved is made with."""
    action = escalation.action
    return action.get("arguments") if isinstance(action, dict) else action


def _makes_sense(form: type[VerdictForm], escalation: Escalation) -> bool:
    if form is ContinueForm:
        return escalation.partial
    # There is nothing to accept or to change where the agent produced nothing.
    is_empty = escalation.kind == Escalation.Kind.RESULT and escalation.output is None
    return not (is_empty and form in (AcceptForm, EditForm))


def _as_much_again(usage: Any) -> dict[str, Any]:
    # An agent elsewhere may have written anything here; it may have cost a thousandth of a cent.
    stated = usage if isinstance(usage, dict) else {}
    used = {name: amount for name, amount in stated.items() if is_amount(amount)}
    tokens = used.get("input_tokens", 0) + used.get("output_tokens", 0)
    counts = {name: used.get(name) for name in ("turns", "tool_calls", "output_tokens")}
    counts["tokens"] = tokens  # and the clock starts anew by itself
    money = {"cost_usd": float(TWO_FIGURES.create_decimal(used["cost_usd"]))} if "cost_usd" in used else {}
    return money | {name: math.ceil(amount) for name, amount in counts.items() if amount}


def _note(label: str, *, required: bool) -> dict[str, forms.Field]:
    return {
        "note": TextField(
            label=label, required=required, max_length=10_000, widget=forms.Textarea({"rows": 2})
        )
    }
