"""Who is signed in, where; and what must be remembered of tries to sign in."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Now


class SessionQuerySet(models.QuerySet["Session"]):
    def of(self, user: User) -> SessionQuerySet:
        """Those in which a person is signed in now, the one last seen first."""
        return self.filter(user=user, expire_date__gt=Now()).order_by("-seen_at")

    def besides(self, key: str | None) -> SessionQuerySet:
        """All but the one with this key."""
        return self.exclude(session_key=key)

    def end(self) -> int:
        """Sign out: the next request of each finds nobody signed in. Returns how many."""
        return self.delete()[0]


class Session(AbstractBaseSession):
    """A browser's session; of one in which somebody signed in, with what, from where, when last seen."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="sessions"
    )
    browser = models.CharField(max_length=100, blank=True)
    address = models.CharField(max_length=45, blank=True)
    seen_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = SessionQuerySet.as_manager()  # type: ignore[assignment]  # the store makes the rows

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    @property
    def name(self) -> str:
        """What pages call it: its key is as good as a password."""
        return sha256(self.session_key.encode()).hexdigest()[:16]


class Remembered(models.Model):
    """A row of Django's cache: how often somebody tried to sign in, and which codes were used.

    In PostgreSQL, so that limits hold for all web processes together, and with Redis down.
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.cache_key
