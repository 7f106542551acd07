from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from escalation.review.keys import KEYS, PLACES, faults_of
from escalation.review.own_keys import OwnKeys
from escalation.review.views.door import ReviewerView


class KeysForm(forms.Form):
    """What to press for each key that can change."""

    are_on = forms.BooleanField(required=False, label="Single keys work")

    def __init__(self, own: OwnKeys, data: Any = None) -> None:
        super().__init__(data, initial={"are_on": own.are_on} | own.changes, label_suffix="")
        for key in KEYS:
            if key.can_change:
                self.fields[key.press] = forms.CharField(
                    label=key.does, max_length=1, initial=key.press, strip=False, required=False
                )

    def clean(self) -> None:
        for press, said in faults_of(self.wanted()).items():
            self.add_error(press, said)

    def wanted(self) -> dict[str, str]:
        """The key in the place of each of the table; what was left empty is as it was."""
        return {name: text or name for name, text in self.cleaned_data.items() if name != "are_on"}

    def by_place(self) -> list[tuple[str, list[tuple[str, str, Any]]]]:
        """Each key with what it does, and its field if it can change."""
        lines = [(key, self[key.press] if key.can_change else None) for key in KEYS]
        return [
            (title, [(key.press, key.does, field) for key, field in lines if key.where == place])
            for place, title in PLACES.items()
        ]


class ShortcutsView(ReviewerView):
    """The keys of one person, in every browser that they sign in to."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._shown(KeysForm(OwnKeys.of(self.request.user)))

    def post(self, request: HttpRequest) -> HttpResponse:
        own = OwnKeys.of(self.request.user)
        form = KeysForm(own, request.POST)
        if not form.is_valid():
            return self._shown(form, status=422)
        own.change(form.wanted(), are_on=form.cleaned_data["are_on"])
        return redirect("review:shortcuts")

    def delete(self, request: HttpRequest) -> HttpResponse:
        OwnKeys.objects.filter(person=self.request.user).delete()
        return redirect("review:shortcuts")

    def _shown(self, form: KeysForm, status: int = 200) -> HttpResponse:
        return self.page("review/shortcuts.html", {"form": form}, status)
