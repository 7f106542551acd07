from datetime import timedelta

from django import forms


class TokenForm(forms.Form):
    """What a reviewer says of a new token of theirs."""

    LIFETIMES = [(30, "30 days"), (90, "90 days"), (365, "a year")]

    name = forms.CharField(max_length=100, label="What is it for?")
    days = forms.TypedChoiceField(choices=LIFETIMES, coerce=int, initial=90, label="It works for")

    @property
    def lifetime(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])
