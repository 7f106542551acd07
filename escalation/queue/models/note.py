from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models.functions import Now

from escalation.queue import signals
from escalation.queue.models.event import Event
from escalation.queue.models.moments import DatabaseMoment

if TYPE_CHECKING:
    from escalation.queue.models.escalation import Escalation

LONGEST = 10_000
MOST_MENTIONED = 20
MENTION = re.compile(r"(?<![\w@])@([\w.+-]{1,150})")


class NoteQuerySet(models.QuerySet["Note"]):
    @transaction.atomic
    def write(self, escalation: Escalation, author: User, text: str) -> Note:
        """Keep what people say among themselves; whom it mentions, and its author, watch from here on."""
        note = self.create(escalation=escalation, author=author, text=text)
        mentioned = note.find_mentioned()
        for person in (author, *mentioned):
            Watch.objects.get_or_create(escalation=escalation, person=person)
        names = [person.username for person in mentioned]
        data = {"note": note.pk} | ({"mentioned": names} if names else {})
        Event.objects.create(escalation=escalation, kind=Event.Kind.NOTED, actor=author, data=data)
        signals.noted.send(Note, note=note, mentioned=mentioned)
        return note


class Note(models.Model):
    """What a colleague said about an escalation. Written once; never sent to the agent."""

    escalation = models.ForeignKey("queue.Escalation", on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=LONGEST)  # Markdown
    at = DatabaseMoment(db_default=Now())

    objects = NoteQuerySet.as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.author} on escalation {self.escalation_id}"

    def find_mentioned(self) -> list[User]:
        """The members of the review queue whom the text names as @name, apart from its author."""
        found = [name.rstrip(".") for name in MENTION.findall(self.text)]
        members = User.objects.filter(memberships__queue=self.escalation.queue_id)
        named = members.filter(username__in=found[:MOST_MENTIONED]).exclude(pk=self.author_id)
        return list(named.order_by("username"))


class WatchingQuerySet(models.QuerySet["Watch"]):
    @transaction.atomic
    def start(self, escalation: Escalation, person: User) -> None:
        """Keep an escalation in sight; once is enough."""
        if self.get_or_create(escalation=escalation, person=person)[1]:
            Event.objects.create(escalation=escalation, kind=Event.Kind.WATCHED, actor=person)

    @transaction.atomic
    def stop(self, escalation: Escalation, person: User) -> None:
        """Lose sight of it."""
        if self.filter(escalation=escalation, person=person).delete()[0]:
            Event.objects.create(escalation=escalation, kind=Event.Kind.UNWATCHED, actor=person)


class Watch(models.Model):
    """Somebody keeps an escalation in sight."""

    escalation = models.ForeignKey("queue.Escalation", on_delete=models.CASCADE, related_name="watches")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watches")

    objects = WatchingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "escalation"], name="one_watch_per_person_and_escalation"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} watches escalation {self.escalation_id}"
