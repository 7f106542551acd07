from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q

from escalation.queue.models import Membership, ReviewQueue


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def seen_by(self, user: User) -> SavedViewQuerySet:
        """One's own, and those that are shared with a review queue that one belongs to."""
        mine = Membership.objects.filter(user=user).values("queue")
        return self.filter(Q(owner=user, queue=None) | Q(queue__in=mine)).order_by("name", "id")

    def changeable_by(self, user: User) -> SavedViewQuerySet:
        """One's own, and in review queues that one leads those of everybody."""
        led = Membership.objects.filter(user=user, role__in=Membership.LEADING)
        return self.seen_by(user).filter(Q(owner=user) | Q(queue__in=led.values("queue")))


class SavedView(models.Model):
    """Filters of the queue under a name: for oneself, or for all members of a review queue."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    queue = models.ForeignKey(ReviewQueue, on_delete=models.CASCADE, null=True, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)  # as in the address of the queue

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "queue", "name"], nulls_distinct=False, name="one_saved_view_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name
