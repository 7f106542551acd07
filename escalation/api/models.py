from __future__ import annotations

import hmac
import re
import secrets
import string
import time
import zlib
from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Least, Now
from django.utils.timezone import now

from escalation.gating.models import Agent
from escalation.queue.models.moments import DatabaseMoment

# No punctuation inside, so that a double click selects the whole token; 43 of these hold 256 bits.
LETTERS = string.ascii_letters + string.digits
SHAPE = re.compile(r"otw_([0-9a-z]{8})_([0-9A-Za-z]{43})_([0-9a-f]{8})\Z", re.ASCII)

# How long a process trusts what it has looked up: a revoked token works at most so much longer elsewhere.
FRESH_S = 2.0
MOST_FRESH = 10_000
_fresh: dict[str, tuple[float, Token]] = {}

USE_IS_NOTED_EVERY = timedelta(minutes=1)
# How long a replaced token still works, so that whoever uses it has the time to change over.
OVERLAP = timedelta(hours=24)


class Scope(models.TextChoices):
    """What a token may be used for."""

    ESCALATIONS = "escalations"
    OUTCOMES = "outcomes"
    RUNS = "runs"
    LABELS = "labels"
    REVIEW = "review"

    @classmethod
    def fitting(cls, *, reviewer: bool) -> list[str]:
        """What a token of a reviewer, or of an agent, can be good for."""
        if reviewer:
            return [cls.REVIEW.value, cls.LABELS.value]
        return [scope.value for scope in cls if scope is not cls.REVIEW]


class TokenQuerySet(models.QuerySet["Token"]):
    def valid(self) -> TokenQuerySet:
        """Neither revoked nor past their expiry."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()), revoked_at__isnull=True)

    def issue(
        self,
        *,
        scopes: list[str],
        agent: Agent | None = None,
        reviewer: User | None = None,
        name: str = "",
        lifetime: timedelta | None = None,
    ) -> tuple[Token, str]:
        """Make a token for one owner; returns the row and the token itself, which is stored nowhere."""
        public_id = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))
        secret = "".join(secrets.choice(LETTERS) for _ in range(43))
        token = self.create(
            public_id=public_id,
            secret_hash=_hash(secret),
            scopes=scopes,
            agent=agent,
            reviewer=reviewer,
            name=name,
            expires_at=None if lifetime is None else Now() + lifetime,
        )
        return token, f"otw_{public_id}_{secret}_{_checksum(public_id, secret)}"

    @transaction.atomic
    def rotate(self, pk: int, *, overlap: timedelta = OVERLAP) -> tuple[Token, str] | None:
        """Replace a token, which works for `overlap` more; None when it has ended or was replaced before.

        The new one is for the same owner and scopes, and for the same span of time.
        """
        lasting = self.valid().filter(pk=pk, successor=None).select_for_update(of=("self",))
        old = lasting.select_related("agent", "reviewer").first()
        if old is None:
            return None
        new, text = self.issue(
            scopes=old.scopes,
            agent=old.agent,
            reviewer=old.reviewer,
            name=old.name,
            lifetime=old.expires_at and old.expires_at - old.created_at,
        )
        self.model.objects.filter(pk=new.pk).update(replaces=old)
        self.model.objects.filter(pk=pk).update(expires_at=Least(F("expires_at"), Now() + overlap))
        _fresh.pop(old.public_id, None)
        return new, text

    def presented(self, text: str) -> Token | None:
        """The valid token that `text` is, or None; looked up at most once in FRESH_S seconds."""
        shape = SHAPE.match(text)
        # The checksum tells a cut or mistyped token from a wrong one without a query.
        if shape is None or shape[3] != _checksum(shape[1], shape[2]):
            return None
        token = self._fresh(shape[1])
        # A wrong id costs the same comparison as a wrong secret.
        matches = hmac.compare_digest(_hash(shape[2]), token.secret_hash if token else _hash(""))
        return token if matches else None

    def _fresh(self, public_id: str) -> Token | None:
        until, token = _fresh.get(public_id, (0.0, None))
        if token and time.monotonic() < until:
            return token
        token = self.valid().select_related("agent", "reviewer").filter(public_id=public_id).first()
        if token is None:
            _fresh.pop(public_id, None)
            return None
        token.note_use()
        if len(_fresh) >= MOST_FRESH:
            _fresh.clear()
        _fresh[public_id] = (time.monotonic() + FRESH_S, token)
        return token


class Token(models.Model):
    """What an agent elsewhere, or a reviewer's script, signs in with. Shown once; its hash is kept."""

    public_id = models.CharField(max_length=8, unique=True, editable=False)
    # The secret is random and 256 bits long: a fast hash is enough, and a slow one would cost every request.
    secret_hash = models.CharField(max_length=64, editable=False)
    name = models.CharField(max_length=100, blank=True)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="tokens")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="tokens"
    )
    scopes = models.JSONField(default=list)
    created_at = DatabaseMoment(db_default=Now())
    expires_at = DatabaseMoment(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="successor"
    )

    objects = TokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(agent__isnull=False, reviewer__isnull=True)
                | Q(agent__isnull=True, reviewer__isnull=False),
                name="a_token_has_one_owner",
            )
        ]

    def __str__(self) -> str:
        return f"{self.prefix} of {self.agent or self.reviewer}"

    @property
    def prefix(self) -> str:
        """The part of it that may be shown: enough to find it by."""
        return f"otw_{self.public_id}_…"

    @property
    def state(self) -> str:
        """What it is good for now, in a word."""
        if self.revoked_at:
            return "revoked"
        if self.expires_at and self.expires_at <= now():
            return "expired"
        return "replaced" if hasattr(self, "successor") else "valid"

    def revoke(self) -> None:
        """Refuse it from now on: here at once, in other processes within FRESH_S seconds."""
        Token.objects.filter(pk=self.pk, revoked_at__isnull=True).update(revoked_at=Now())
        _fresh.pop(self.public_id, None)
        self.refresh_from_db(fields=["revoked_at"])

    def note_use(self) -> None:
        """Remember that it was used, at most once a minute, since every request would write otherwise."""
        old = Q(last_used_at__isnull=True) | Q(last_used_at__lte=Now() - USE_IS_NOTED_EVERY)
        Token.objects.filter(old, pk=self.pk).update(last_used_at=Now())


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _checksum(public_id: str, secret: str) -> str:
    return f"{zlib.crc32(f'{public_id}_{secret}'.encode()):08x}"
