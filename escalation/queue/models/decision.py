from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from escalation.queue.answer_schema import problems
from escalation.queue.content import canonical, digest
from escalation.queue.exceptions import DecisionInvalid
from escalation.queue.models.moments import DatabaseMoment
from escalation.queue.models.reason_code import USUAL, own_codes

if TYPE_CHECKING:
    from escalation.queue.models.escalation import Escalation


class Verdict(models.TextChoices):
    """What a human can answer."""

    ACCEPT = "accept"  # it is right as it is, or may run as it is
    EDIT = "edit"  # right once changed: `output` or `arguments` carry the change
    REJECT = "reject"  # it is wrong, or may not run
    ANSWER = "answer"  # `answer` takes the place of what the agent said or asked
    CONTINUE = "continue"  # a PARTIAL result: `grant` more budget and go on
    RETRY = "retry"  # do it again with the feedback in `note`
    DISMISS = "dismiss"  # needs no answer


# Which verdicts fit which kind of escalation.
FITTING = {
    "result": set(Verdict),
    "approval": {Verdict.ACCEPT, Verdict.EDIT, Verdict.REJECT, Verdict.DISMISS},
    "question": {Verdict.ANSWER, Verdict.DISMISS},
}
# What can be granted of each limit that ends a run, in the least steps that it counts in.
GRANTABLE = {
    "cost_usd": Decimal("0.000001"),
    "tokens": Decimal(1),
    "output_tokens": Decimal(1),
    "turns": Decimal(1),
    "tool_calls": Decimal(1),
    "wall_clock_s": Decimal("0.001"),
}


class Decision(models.Model):
    """A human's recorded answer. Written once; an undone one stays, and stands no more."""

    escalation = models.ForeignKey("queue.Escalation", on_delete=models.PROTECT, related_name="decisions")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=10, choices=Verdict)
    output = models.JSONField(null=True)  # what now counts as the agent's output
    original_output = models.JSONField(null=True)
    arguments = models.JSONField(null=True)  # what now may run
    answer = models.JSONField(null=True)
    note = models.TextField(blank=True)
    reason_code = models.CharField(max_length=50, blank=True)
    grant = models.JSONField(default=dict)
    cosmetic = models.BooleanField(default=False)  # an edit that leaves the output right
    seconds_spent = models.FloatField(null=True)
    content_hash = models.CharField(max_length=64)  # of what the reviewer saw
    decided_at = DatabaseMoment(db_default=Now())
    effective_at = DatabaseMoment(db_default=Now())  # when the undo window is over and agents learn of it

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.verdict} on escalation {self.escalation_id}"

    @property
    def edited(self) -> bool:
        return self.verdict == Verdict.EDIT

    @property
    def approved_hash(self) -> str:
        """SHA-256 of what may be acted on: of what an edit made of it, or else of what the reviewer saw."""
        if not self.edited:
            return self.content_hash
        asked = self.escalation
        is_call = asked.kind == "approval"
        return digest({**(asked.action or {}), "arguments": self.arguments} if is_call else self.output)

    @property
    def overturns(self) -> bool:
        """Whether it says that the result was wrong."""
        return self.verdict in (Verdict.EDIT, Verdict.REJECT, Verdict.ANSWER) and not self.cosmetic

    def clean_for(self, escalation: Escalation) -> None:
        """Refuse what does not fit what was asked; raises DecisionInvalid with the field at fault.

        An accepted output, or accepted arguments, are filled in from what was asked.
        """
        fitting = FITTING[escalation.kind]
        if self.verdict not in fitting:
            choices = ", ".join(sorted(fitting))
            raise DecisionInvalid(
                verdict=f"{self.verdict!r} does not fit kind {escalation.kind!r}; choose one of: {choices}"
            )
        if self.cosmetic and self.verdict != Verdict.EDIT:
            raise DecisionInvalid(cosmetic=f"only an edit can be cosmetic, not {self.verdict!r}")
        if self.verdict in (Verdict.ACCEPT, Verdict.EDIT):
            self._compare(escalation)
        if self.verdict == Verdict.ANSWER:
            self._need("answer")
        if self.verdict in (Verdict.EDIT, Verdict.ANSWER) and escalation.answer_schema:
            self._check_schema(escalation)
        if self.verdict == Verdict.CONTINUE:
            self._check_grant(escalation.partial)
        if self.verdict in USUAL:
            self._check_reason(escalation.queue_id)

    def _compare(self, escalation: Escalation) -> None:
        # A change said to be none, or none said to be a change, would be a wrong label.
        is_call = escalation.kind == "approval"
        field = "arguments" if is_call else "output"
        asked = (escalation.action or {}).get("arguments") if is_call else escalation.output
        said = getattr(self, field)
        if self.verdict == Verdict.EDIT:
            self._need(field)
            if same(said, asked):
                raise DecisionInvalid(**{field: "nothing was changed; accept it instead"})
        elif said is None:
            setattr(self, field, asked)
        elif not same(said, asked):
            raise DecisionInvalid(**{field: "it was changed; say 'edit' instead of 'accept'"})

    def _need(self, field: str) -> None:
        if getattr(self, field) is None:
            raise DecisionInvalid(**{field: f"needed with the verdict {self.verdict!r}"})

    def _check_schema(self, escalation: Escalation) -> None:
        # What the agent offered is what it can take, whatever its schema says.
        offered = [option.get("value") for option in escalation.options if isinstance(option, dict)]
        if self.verdict == Verdict.ANSWER and any(same(value, self.answer) for value in offered):
            return
        edited = "arguments" if escalation.kind == "approval" else "output"
        field = "answer" if self.verdict == Verdict.ANSWER else edited
        for path, said in problems(escalation.answer_schema, getattr(self, field)):
            where = "".join(f"/{part}" for part in path)
            raise DecisionInvalid(**{field: f"{where}: {said}" if where else said})

    def _check_grant(self, partial: bool) -> None:
        if not partial:
            raise DecisionInvalid(verdict="only a PARTIAL result can continue")
        if not self.grant or set(self.grant) - set(GRANTABLE):
            raise DecisionInvalid(grant=f"name what to grant: one or more of {', '.join(GRANTABLE)}")
        for name, amount in self.grant.items():
            step = GRANTABLE[name]
            # A count is an int: 3.0 is one that somebody computed.
            if not is_amount(amount, int if step == 1 else int | float) or Decimal(str(amount)) % step:
                kind = "a whole number" if step == 1 else f"a number in steps of {step}"
                raise DecisionInvalid(grant=f"{name} must be {kind} above 0, not {amount!r}")

    def _check_reason(self, queue_id: int) -> None:
        own = own_codes(queue_id, self.verdict)
        codes = {code.code: code for code in own or USUAL[self.verdict]}
        # Where ops have set none, a script may say nothing, or use words of its own.
        if own and self.reason_code not in codes:
            raise DecisionInvalid(reason_code=f"choose one of: {', '.join(codes)}")
        code = codes.get(self.reason_code)
        if code and code.needs_note and not self.note.strip():
            raise DecisionInvalid(note=f"the reason {code.code!r} needs a note that says what it is")


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: True is not 1."""
    return canonical(one) == canonical(other)


def is_amount(value: Any, kind: Any = int | float) -> bool:
    """Whether a value is a number above 0, and not so large that it can only be a mistake."""
    return isinstance(value, kind) and not isinstance(value, bool) and 0 < value < 10**12
