from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Now

from escalation.gating.models import Gate
from escalation.queue.models.moments import DatabaseMoment


class SaidOfAGate(models.Model):
    """What ops say of a gate from a moment on, and why. Never edited: a change is a new row."""

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.TextField()
    set_at = DatabaseMoment(db_default=Now())

    class Meta:
        abstract = True
        ordering = ["-id"]

    def set(self, author: User) -> None:
        """Let this hold at its gate from now on, whatever row it was read from."""
        self.author, self.pk, self._state.adding = author, None, True
        self.save(force_insert=True)

    @classmethod
    def newest(cls, gate: Gate) -> Any:
        """What holds at a gate now; None where nobody has said anything."""
        return cls._default_manager.filter(gate=gate).order_by("-id").first()
