from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models

from escalation.review.keys import faults_of


class OwnKeys(models.Model):
    """The keys that one person has changed, wherever they sign in."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="own_keys", primary_key=True
    )
    changes = models.JSONField(default=dict)  # {key of the table: the one in its place}
    are_on = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"the keys of {self.person}"

    @classmethod
    def of(cls, person: User) -> OwnKeys:
        """Those of one person, read as they signed in; of whoever changed none, all as the table says."""
        try:
            kept: OwnKeys = person.own_keys
        except cls.DoesNotExist:
            return cls(person=person)
        return kept

    def change(self, wanted: Mapping[str, str], *, are_on: bool) -> None:
        """Keep what to press for each key that can change; raises ValidationError, a text for each fault."""
        if faults := faults_of(wanted):
            raise ValidationError(faults)
        self.changes = {press: now for press, now in wanted.items() if now != press}
        self.are_on = are_on
        self.save()
