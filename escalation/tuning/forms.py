"""What ops can say about thresholds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, TypeVar

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone

from escalation.gating.exceptions import PolicyChanged
from escalation.gating.exits import ACCEPTS_NOTHING
from escalation.gating.models import Gate, Policy
from escalation.gating.models.policy import check_probability, check_threshold
from escalation.tuning.exceptions import DraftClosed, ProposalClosed
from escalation.tuning.models import Draft, GateCosts, GateRails, GateTarget, Proposal
from escalation.tuning.models.rails import RAILS

Said = TypeVar("Said", GateRails, GateCosts)
# What the what-if page looks back on when nobody says otherwise.
USUAL_PERIOD = timedelta(days=30)
WHY = "Say why: it stays in the history."


class ShareField(forms.FloatField):
    """A number from 0 to 1, exactly as it was written."""

    default_validators = [check_probability]
    widget = forms.NumberInput(attrs={"step": "any", "min": 0, "max": 1})


class ThresholdField(ShareField):
    """A share, or the threshold that accepts nothing."""

    default_validators = [check_threshold]
    widget = forms.NumberInput(attrs={"step": "any", "min": 0, "max": ACCEPTS_NOTHING})


class DayField(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class WhatIfForm(forms.Form):
    """A candidate threshold, and the days to replay."""

    threshold = ShareField(label="Threshold")
    # The slider says the same; where no script lets them agree, the one that was moved counts.
    slide = ShareField(required=False, widget=forms.HiddenInput)
    was = ShareField(required=False, widget=forms.HiddenInput)
    since = DayField(label="From", required=False)
    until = DayField(label="To, that day included", required=False)
    before = forms.IntegerField(required=False, widget=forms.HiddenInput)
    category = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> None:
        said = self.cleaned_data
        slid, was = said.get("slide"), said.get("was")
        if slid is not None and was is not None and slid != was == said.get("threshold"):
            said["threshold"] = slid

    def period(self) -> tuple[date, date]:
        """The first day, and the one after the last; the usual period where none is said."""
        last = self.cleaned_data["until"] or timezone.localdate()
        first = self.cleaned_data["since"] or last - USUAL_PERIOD
        return first, last + timedelta(days=1)


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=2000, error_messages={"required": WHY})


class SettlementForm(ReasonForm):
    """Ends a proposal, one way or the other."""

    def __init__(self, proposal: Proposal, *args: Any) -> None:
        super().__init__(*args)
        self.proposal = proposal

    def apply(self, actor: User) -> Policy | None:
        """Put the proposal in force; None, with the error, when that is refused."""
        try:
            return self.proposal.apply(actor, self.cleaned_data["reason"])
        except (ProposalClosed, PolicyChanged, ValidationError) as refusal:
            self.add_error(None, said_of(refusal))
        return None

    def dismiss(self, actor: User) -> bool:
        """Leave the policy as it is; False, with the error, when that is refused."""
        try:
            self.proposal.dismiss(actor, self.cleaned_data["reason"])
        except ProposalClosed as refusal:
            self.add_error(None, said_of(refusal))
        return not self.errors


class ThresholdForm(forms.Form):
    """Puts another threshold in force, all else as it is; or drafts it, where two people must see it."""

    made_from = forms.IntegerField(widget=forms.HiddenInput)
    category = forms.CharField(required=False, widget=forms.HiddenInput)
    threshold = ThresholdField(
        help_text="A result is accepted when its confidence is this or more, exactly. 2: nothing is accepted."
    )
    reason = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Why the threshold changes. It stays in the history.",
    )

    def __init__(self, gate: Gate, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gate = gate
        self.initial["made_from"] = gate.policy.version if gate.policy else 0

    def adopt(self, author: User) -> Policy | None:
        """Make it a new version of the policy; None, with the error, when that is refused."""
        said, in_force = self.cleaned_data, self.gate.policy
        assert in_force is not None  # the page of a gate without one has no form
        changes = in_force.with_threshold(said["threshold"], said["category"])
        facts = {"reason": said["reason"], "made_from": said["made_from"]}
        try:
            return self.gate.adopt(author=author, **facts, **changes)
        except (PolicyChanged, ValidationError) as refusal:
            self.add_error(None, said_of(refusal))
        return None

    def draft(self, author: User) -> Draft:
        """Write it down for another person."""
        return Draft.objects.write(self.gate, author, **self.cleaned_data)


def said_of(refusal: Exception) -> str:
    """Why nothing was changed, in a sentence or two."""
    if isinstance(refusal, ValidationError):
        return f"Nothing was changed. {' '.join(refusal.messages)}"
    if isinstance(refusal, PolicyChanged):
        return f"{refusal}. Nothing was changed: look at the new version, and decide again."
    return f"Nothing was changed. {refusal}"


class DraftForm(forms.Form):
    """Puts a draft in force, or refuses it."""

    def __init__(self, draft: Draft, *args: Any) -> None:
        super().__init__(*args)
        self.draft = draft

    def put_in_force(self, actor: User) -> Policy | None:
        """Make it a new version; None, with the error, when that is refused."""
        try:
            return self.draft.put_in_force(actor)
        except (DraftClosed, PolicyChanged, ValidationError) as refusal:
            self.add_error(None, said_of(refusal))
        return None

    def refuse(self, actor: User) -> bool:
        """Leave the policy as it is; False, with the error, when that is refused."""
        try:
            self.draft.refuse(actor)
        except DraftClosed as refusal:
            self.add_error(None, said_of(refusal))
        return not self.errors


class TargetForm(ReasonForm):
    """What is tolerated at a gate from now on; strictly, of all its categories together."""

    alpha = ShareField(label="Wrong at most")
    confidence = ShareField(label="With confidence")
    strict = forms.BooleanField(required=False)

    def clean_alpha(self) -> float:
        return _inside(self.cleaned_data["alpha"])

    def clean_confidence(self) -> float:
        return _inside(self.cleaned_data["confidence"])

    def set(self, gate: Gate, author: User) -> GateTarget:
        said = self.cleaned_data
        doubt = round(1 - said["confidence"], 12)
        facts = {"alpha": said["alpha"], "strict": said["strict"], "reason": said["reason"]}
        return GateTarget.objects.create(gate=gate, delta=doubt, author=author, **facts)


class SaidForm(forms.ModelForm[Said]):
    """What ops say of a gate; saving is a new row, and the old ones stay."""

    def __init__(self, gate: Gate, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.gate = gate
        self.fields["reason"].widget = forms.Textarea(attrs={"rows": 2, "maxlength": 2000})
        self.fields["reason"].label, self.initial["reason"] = "Why", ""

    def set(self, author: User) -> Said:
        self.instance.set(author)
        return self.instance


class RailsForm(SaidForm[GateRails]):
    """How far a threshold may move by itself, by how many people, and what an alarm does."""

    class Meta:
        model = GateRails
        fields = [*RAILS, "reason"]
        error_messages = {"reason": {"required": WHY}}


class SecondForm(forms.Form):
    """Lets the rails hold that another person wrote."""

    def __init__(self, rails: GateRails, *args: Any) -> None:
        super().__init__(*args)
        self.rails = rails

    def second(self, actor: User) -> bool:
        """Let them hold; False, with the error, when that is refused."""
        try:
            self.rails.second(actor)
        except DraftClosed as refusal:
            self.add_error(None, said_of(refusal))
        return not self.errors


class CostsForm(SaidForm[GateCosts]):
    """What a mistake, a reviewer's minute and a delay cost."""

    class Meta:
        model = GateCosts
        fields = ["error", "minutes", "minute", "delay", "reason"]
        error_messages = {"reason": {"required": WHY}}


def _inside(share: float) -> float:
    if share in (0, 1):
        raise forms.ValidationError("Give a number between 0 and 1: neither can be had for certain.")
    return share
