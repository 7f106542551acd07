from django import forms

from escalation.queue.models import Check


class SettleForm(forms.Form):
    """What a lead says where two reviewers differ."""

    stands = forms.ChoiceField(choices=Check.Stands, error_messages={"required": "Say which one stands."})
    note = forms.CharField(required=False, max_length=2000)
