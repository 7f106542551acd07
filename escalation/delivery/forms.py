"""What somebody says of a channel: where, of what, how often. The account page and the admin ask the same."""

from __future__ import annotations

from typing import Any

from django import forms

from escalation.delivery.models import Channel
from escalation.delivery.news import TOPICS, USUAL


class ChannelForm(forms.ModelForm[Channel]):
    topics = forms.MultipleChoiceField(
        choices=list(TOPICS.items()), widget=forms.CheckboxSelectMultiple, initial=USUAL, label="Tell me when"
    )

    class Meta:
        model = Channel
        fields = [
            "kind",
            "address",
            "topics",
            "digest_minutes",
            "most_per_hour",
            "quiet_from",
            "quiet_until",
            "time_zone",
        ]
        labels = {
            "kind": "How",
            "address": "Address",
            "digest_minutes": "How soon",
            "most_per_hour": "At most, in an hour",
            "quiet_from": "Quiet from",
            "quiet_until": "Quiet until",
        }
        help_texts = {
            "address": "A mail address, a webhook's URL, a PagerDuty integration key, or an Apprise address.",
            "most_per_hour": "What is more is gathered, not lost.",
            "time_zone": "Of the quiet hours, for example Europe/Berlin.",
        }
        widgets = {
            name: forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
            for name in ("quiet_from", "quiet_until")
        }

    def __init__(self, *args: Any, owner: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if owner is not None:
            self.instance.user = owner
            self.fields["address"].initial = owner.email


class QueueChannelForm(ChannelForm):
    class Meta(ChannelForm.Meta):
        fields = ["queue", *ChannelForm.Meta.fields, "enabled"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["queue"].required = True
