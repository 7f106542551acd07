from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from escalation.queue.content import digest, keys_in_order
from escalation.queue.models.moments import DatabaseMoment
from escalation.queue.models.reason import BLIND_REASONS, Reason


class Asked(models.Model):
    """What was asked and what the agent did: the facts of an escalation. Written once."""

    class Kind(models.TextChoices):
        RESULT = "result"  # is this right?
        APPROVAL = "approval"  # may this call run?
        QUESTION = "question"  # what should I do?

    class Priority(models.IntegerChoices):
        LOW = 0
        NORMAL = 1
        HIGH = 2
        URGENT = 3

    agent = models.SlugField(max_length=100, db_index=False)
    gate = models.SlugField(max_length=100, default="default", db_index=False)
    key = models.CharField(max_length=255, null=True)  # the producer's idempotency key
    request_hash = models.CharField(max_length=64, blank=True)  # of the body that came with the key
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.RESULT)
    reason = models.CharField(max_length=20, choices=Reason)
    detail = models.TextField(blank=True)  # the guard's own sentence, with the numbers
    title = models.CharField(max_length=200)
    task = models.JSONField(null=True)
    output = models.JSONField(null=True)
    confidence = models.FloatField(null=True)
    threshold = models.FloatField(null=True)
    policy_version = models.PositiveIntegerField(null=True)
    partial = models.BooleanField(default=False)
    completed = models.JSONField(default=list)
    missing = models.JSONField(default=list)
    action = models.JSONField(null=True)  # {name, arguments}
    question = models.TextField(blank=True)
    options = models.JSONField(default=list)  # [{value, label}]
    answer_schema = models.JSONField(null=True)
    explanation = models.TextField(blank=True)  # the agent's own words
    # [{kind, name, at, seconds, input, output, error, tokens, cost_usd}]
    trace = models.JSONField(default=list)
    usage = models.JSONField(default=dict)
    evidence = models.JSONField(default=list)  # [{title, text, url}]
    tags = models.JSONField(default=list)
    metadata = models.JSONField(default=dict)
    external_id = models.CharField(max_length=255, blank=True)
    fingerprint = models.CharField(max_length=255, blank=True)  # groups alike failures
    callback_url = models.URLField(max_length=2000, blank=True)
    # {handler: default | cached | rule | policy, output?, handlers?}
    on_timeout = models.JSONField(null=True)
    content_hash = models.CharField(max_length=64)
    # Of the output, or of a call's arguments, then of the wanted answer, as they were sent: jsonb keeps none.
    key_order = models.JSONField(default=list)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)
    raised_at = DatabaseMoment(db_default=Now())
    deadline_at = DatabaseMoment(null=True)
    due_at = DatabaseMoment(db_default=Now())  # by when somebody should have looked: the order of the line

    class Meta:
        abstract = True

    @property
    def is_blind(self) -> bool:
        """Whether its reviewer must see neither the confidence nor an earlier answer."""
        return self.reason in BLIND_REASONS

    def seal(self) -> None:
        """Bind what is to be approved to its hash and keep its order, before the row is first saved."""
        content = {
            self.Kind.RESULT: self.output,
            self.Kind.APPROVAL: self.action,
            self.Kind.QUESTION: self.question,
        }
        self.content_hash = digest(content[self.Kind(self.kind)])
        is_call = self.kind == self.Kind.APPROVAL
        known = (self.action or {}).get("arguments") if is_call else self.output
        self.key_order = keys_in_order([known, (self.answer_schema or {}).get("properties")])
