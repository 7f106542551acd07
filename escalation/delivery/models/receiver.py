from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest, Now

# How many failures in a row open the breaker; how long it then stays open, at first and at most.
OPENS_AFTER = 5
SHORTEST_REST, LONGEST_REST = timedelta(seconds=30), timedelta(minutes=10)
# How many tries a receiver gets at once; one that is slow, or merely probed, must not keep the workers.
MOST_AT_ONCE, SLOW_S = 4, 1.0


class ReceiverQuerySet(models.QuerySet["Receiver"]):
    def awake(self) -> ReceiverQuerySet:
        """Those that may be called now: the breaker is not open, and the endpoint, if it is one, is on."""
        rested = Q(rests_until__isnull=True) | Q(rests_until__lte=Now())
        return self.filter(rested).exclude(endpoint__enabled=False)

    def of_callbacks_to(self, url: str) -> Receiver:
        """The receiver behind a callback URL: all that go to one host and port share it."""
        parts = urlsplit(url)
        return self.get_or_create(host=f"{parts.hostname}:{parts.port or 443}")[0]


class Receiver(models.Model):
    """Who is sent to: an endpoint, or a host of callback URLs; with its breaker, and how fast it answers."""

    host = models.CharField(max_length=300, null=True, unique=True)  # null: an endpoint's
    failures = models.PositiveIntegerField(default=0)  # in a row
    rests_until = models.DateTimeField(null=True)
    is_slow = models.BooleanField(default=False)

    objects = ReceiverQuerySet.as_manager()

    def __str__(self) -> str:
        return self.host or f"receiver {self.pk}"

    @property
    def at_once(self) -> int:
        """How many tries may be under way: one, while it is slow or only probed."""
        return 1 if self.is_slow or self.failures >= OPENS_AFTER else MOST_AT_ONCE

    def has_answered(self, *, seconds: float) -> None:
        """Close its breaker."""
        is_slow = seconds > SLOW_S
        # Most of the time there is nothing to write; a failure beside this try is forgotten by the next one.
        if (self.failures, self.is_slow, self.rests_until) != (0, is_slow, None):
            row = Receiver.objects.filter(pk=self.pk)
            row.update(failures=0, is_slow=is_slow, rests_until=None)

    @transaction.atomic
    def has_failed(self, *, seconds: float, jitter: float) -> None:
        """Count it, and leave the receiver alone for a while when there were too many; `jitter` in [0, 1).

        What was under way when the breaker opened counts no more.
        """
        mine = (
            Receiver.objects.awake().filter(pk=self.pk).select_for_update(of=("self",), no_key=True).first()
        )
        if mine is None:
            return
        rest = rest_after(mine.failures + 1, jitter)
        until = None if rest is None else Now() + rest
        row = Receiver.objects.filter(pk=self.pk)
        row.update(failures=F("failures") + 1, is_slow=seconds > SLOW_S, rests_until=until)

    def rest(self, pause: timedelta) -> None:
        """Leave it alone, because it asked to be; an open breaker may want longer."""
        until = Greatest(F("rests_until"), Now() + pause)
        Receiver.objects.filter(pk=self.pk).update(rests_until=until)


def rest_after(failures: int, jitter: float) -> timedelta | None:
    """How long to leave a receiver alone after so many failures in a row; None: not yet."""
    if failures < OPENS_AFTER:
        return None
    doubled = SHORTEST_REST * 2.0 ** min(failures - OPENS_AFTER, 10)
    return min(doubled, LONGEST_REST) * (0.8 + 0.4 * jitter)
