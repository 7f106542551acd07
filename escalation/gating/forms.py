"""What ops can say about agents and policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField

from escalation.gating.exceptions import PolicyChanged
from escalation.gating.exits import ACCEPTS_NOTHING, NOBODY_ELSE
from escalation.gating.models import Agent, Gate, Policy
from escalation.gating.models.policy import HANDLED, LIMITS, WHOLE_LIMITS, all_to_a_human, stays_with_a_human
from escalation.gating.rules import rule_names
from escalation.queue.models import Reason, ReviewQueue

LIMIT_LABELS = {"cost_usd": "US dollars", "wall_clock_s": "Seconds at work"}
FEWEST_HANDLERS = 3
AT_DEADLINE = "on_timeout"
BLANK_ROWS = 3
COLUMNS = ("rule", "when", "then")


class AnswerField(forms.JSONField):
    """JSON, or nothing at all."""

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else super().prepare_value(value)


class CategoriesField(forms.CharField):
    """A category a line, with a threshold of its own after a colon where it has one."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "\n".join(name if own is None else f"{name}: {own!r}" for name, own in sorted(value.items()))

    def to_python(self, value: Any) -> Any:
        lines = [line.rpartition(":") for line in str(value or "").splitlines() if line.strip()]
        return {(name or own).strip(): _number(own) if name else None for name, _, own in lines}


def _number(written: str) -> float | str:
    try:
        return float(written)
    except ValueError:
        return written.strip()


class GoLiveForm(forms.Form):
    """Lets an agent act without a human, when nothing is missing."""

    note = forms.CharField(required=False, max_length=2000)

    def __init__(self, agent: Agent, *args: Any) -> None:
        super().__init__(*args)
        self.agent = agent

    def clean(self) -> None:
        if missing := self.agent.still_missing():
            raise ValidationError(missing)


class PauseForm(forms.Form):
    """Stops an agent at once; whoever reads the record later wants to know why."""

    note = forms.CharField(max_length=2000, error_messages={"required": "Say why it is paused."})


class PolicyForm(forms.Form):
    """The terms of a policy, one field each; `adopt()` makes them a new version."""

    made_from = forms.IntegerField(widget=forms.HiddenInput)
    threshold = forms.FloatField(
        help_text="A result is accepted when its confidence is this or more, exactly. 2: nothing is accepted."
    )
    categories = CategoriesField(
        required=False,
        help_text="What results can be about, a line each; after a colon its own threshold, if it has one.",
    )
    audit_rate = forms.FloatField(
        help_text="The share of accepted results that a human checks all the same, 0 to 1."
    )
    default_output = forms.JSONField(required=False, help_text="JSON: what the exit “safe default” yields.")
    cache_ttl_s = forms.IntegerField(min_value=0, label="Cached answers live for", help_text="seconds")
    deadline_s = forms.IntegerField(
        min_value=1,
        required=False,
        label="Deadline",
        help_text="seconds in the working hours of the review queue; empty: an escalation waits for ever",
    )
    shed = forms.MultipleChoiceField(
        choices=[
            (reason, Reason(reason).label.capitalize()) for reason in HANDLED if reason not in NOBODY_ELSE
        ],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="While the review queue is full, do without a human for",
        help_text="Results of normal or low priority take their other exits, at last the safe default.",
    )
    queue = forms.ModelChoiceField(ReviewQueue.objects.all(), label="Review queue")
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), help_text="Why the policy changes. It stays in the history."
    )

    def __init__(self, gate: Gate, start: Policy | None, *args: Any) -> None:
        super().__init__(*args)
        self.gate, self.start = gate, start
        self._add_limits(start.budget if start else {})
        self._add_tables(start.tables if start else {})
        self._add_exits(
            start.exits if start else all_to_a_human(), start.on_timeout if start else stays_with_a_human()
        )
        for name, most in (("threshold", ACCEPTS_NOTHING), ("audit_rate", 1)):
            self.fields[name].widget.attrs |= {"step": "any", "min": 0, "max": most}
        for name in set(self.fields) & set(start.terms_as_dict() if start else {}):
            self.initial[name] = getattr(start, name)
        in_force = gate.policy
        self.initial["made_from"] = in_force.version if in_force else 0

    def _add_limits(self, budget: dict[str, Any]) -> None:
        for name in LIMITS:
            number = forms.IntegerField if name in WHOLE_LIMITS else forms.FloatField
            label = LIMIT_LABELS.get(name, name.replace("_", " ").capitalize())
            self.fields[f"budget_{name}"] = number(required=False, label=label, initial=budget.get(name))

    def _add_tables(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        written = [(name, row["when"], row["then"]) for name, rows in tables.items() for row in rows]
        self.rows = range(len(written) + BLANK_ROWS)
        for n, row in enumerate([*written, *[("", "", None)] * BLANK_ROWS]):
            self.fields[f"table_{n}_rule"] = forms.SlugField(required=False, initial=row[0])
            self.fields[f"table_{n}_when"] = forms.CharField(required=False, initial=row[1])
            self.fields[f"table_{n}_then"] = AnswerField(
                required=False, initial=row[2], widget=forms.Textarea(attrs={"rows": 1})
            )
            for column in COLUMNS:
                self.fields[f"table_{n}_{column}"].widget.attrs["aria-label"] = f"Row {n + 1}, {column}"

    def _add_exits(self, exits: dict[str, list[str]], at_deadline: list[str]) -> None:
        rows = exits | {AT_DEADLINE: at_deadline}
        known = [("", "—"), *((f"rule:{name}", f"rule {name}") for name in rule_names())]
        declared = {
            self.data.get(f"table_{n}_rule") or self.fields[f"table_{n}_rule"].initial for n in self.rows
        }
        known += [(f"rule:{name}", f"rule {name} (declared below)") for name in sorted(declared - {None, ""})]
        known += [("cached", "last accepted answer"), ("default", "safe default"), ("human", "a human")]
        gone = {handler for handlers in rows.values() for handler in handlers} - {name for name, _ in known}
        choices = known + [(name, f"{name} (not known)") for name in sorted(gone)]
        self.positions = range(max([FEWEST_HANDLERS, *map(len, rows.values())]))
        for reason in (*HANDLED, AT_DEADLINE):
            handlers = dict(enumerate(rows.get(reason, [])))
            for n in self.positions:
                field = forms.ChoiceField(choices=choices, required=False, initial=handlers.get(n, ""))
                name = "Deadline" if reason == AT_DEADLINE else Reason(reason).label
                field.widget.attrs["aria-label"] = f"{name}, handler {n + 1}"
                self.fields[f"exit_{reason}_{n}"] = field

    @property
    def budget_fields(self) -> list[BoundField]:
        return [self[f"budget_{name}"] for name in LIMITS]

    @property
    def exit_rows(self) -> Iterator[tuple[str, str, list[BoundField]]]:
        """For each reason: its code, its name and its fields in order."""
        for reason in HANDLED:
            yield (
                reason,
                Reason(reason).label.capitalize(),
                [self[f"exit_{reason}_{n}"] for n in self.positions],
            )

    @property
    def timeout_fields(self) -> list[BoundField]:
        """What is tried when nobody decides in time, in order."""
        return [self[f"exit_{AT_DEADLINE}_{n}"] for n in self.positions]

    @property
    def table_rows(self) -> Iterator[list[BoundField]]:
        """The rows of the declared rules: the rule's name, its conditions and its answer."""
        for n in self.rows:
            yield [self[f"table_{n}_{column}"] for column in COLUMNS]

    def adopt(self, author: User) -> Policy | None:
        """Put what was written in force; None, with the errors at their fields, when that is refused."""
        said = self.cleaned_data
        terms = {name: said[name] for name in said if not name.startswith(("budget_", "exit_", "table_"))}
        terms |= {"budget": self._budget(), "tables": self._tables()}
        terms |= {"exits": {reason: self._handlers(reason) for reason in HANDLED}}
        terms |= {"on_timeout": self._handlers(AT_DEADLINE)}
        try:
            return self.gate.adopt(author=author, **terms)
        except PolicyChanged as refusal:
            self.add_error(
                None, f"{refusal}. Nothing was changed: look at the new version, and decide again."
            )
        except ValidationError as refusal:
            self._show(refusal.message_dict)
        return None

    def _budget(self) -> dict[str, Any]:
        said = {name: self.cleaned_data[f"budget_{name}"] for name in LIMITS}
        return {name: amount for name, amount in said.items() if amount is not None}

    def _tables(self) -> dict[str, list[dict[str, Any]]]:
        tables: dict[str, list[dict[str, Any]]] = {}
        for n in self.rows:
            rule, when, then = (self.cleaned_data[f"table_{n}_{column}"] for column in COLUMNS)
            if rule or when or then is not None:
                tables.setdefault(rule, []).append({"when": when, "then": then})
        return tables

    def _handlers(self, reason: str) -> list[str]:
        said = [self.cleaned_data[f"exit_{reason}_{n}"] for n in self.positions]
        return [handler for handler in said if handler]

    def _show(self, problems: dict[str, list[str]]) -> None:
        for field, texts in problems.items():
            for text in texts:
                self.add_error(*self._placed(field, text))

    def _placed(self, field: str, text: str) -> tuple[str | None, str]:
        # The problems of a table begin with the row that they are about.
        if field == AT_DEADLINE:
            return f"exit_{AT_DEADLINE}_0", text
        row, _, rest = text.partition(": ")
        for name in (f"budget_{row}", f"exit_{row}_0"):
            if name in self.fields:
                return name, rest
        return (field if field in self.fields else None), text
