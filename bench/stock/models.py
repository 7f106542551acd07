from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Question(models.Model):
    """The least that a queue of questions needs: no events, no idempotent answer, no policy, no outbox."""

    agent = models.SlugField(max_length=100)
    key = models.CharField(max_length=255)
    reason = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    task = models.JSONField()
    output = models.JSONField(null=True)
    confidence = models.FloatField(null=True)
    trace = models.JSONField(default=list)
    usage = models.JSONField(default=dict)
    tags = models.JSONField(default=list)
    metadata = models.JSONField(default=dict)
    status = models.CharField(max_length=10, default="waiting", editable=False)
    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False)
    raised_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Question]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "key"], name="one_question_per_agent_and_key")
        ]
        indexes = [models.Index(fields=["status", "raised_at"], name="questions_by_age")]

    def __str__(self) -> str:
        return self.title


class Answer(models.Model):
    """The least that a decision is: no label, no outbox, no history, nothing checked."""

    question = models.ForeignKey(Question, models.PROTECT, editable=False)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False)
    verdict = models.CharField(max_length=10)
    output = models.JSONField(null=True)
    note = models.TextField(blank=True)
    decided_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Answer]] = models.Manager()

    def __str__(self) -> str:
        return self.verdict
