from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import JSONObject, Now

from escalation.queue import signals
from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models import holding
from escalation.queue.models.asked import Asked
from escalation.queue.models.bulk import refuse_unseen
from escalation.queue.models.deadline import Circle
from escalation.queue.models.deciding import record
from escalation.queue.models.decision import Decision, Verdict
from escalation.queue.models.event import Event
from escalation.queue.models.holding import HANDED
from escalation.queue.models.line import EscalationQuerySet, lease_data
from escalation.queue.models.moments import DatabaseMoment
from escalation.queue.models.review_queue import Membership, ReviewQueue
from escalation.queue.models.stated import Stated

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

    from escalation.queue.models.note import Note, Watch

# So long before the window's end an undo is refused: what is left of it is one COMMIT, which ends in time.
UNDO_MARGIN = timedelta(milliseconds=250)


class Escalation(Asked):
    """One question, result or PARTIAL result that waits for a human."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        CLAIMED = "claimed"
        DECIDED = "decided"
        WITHDRAWN = "withdrawn"
        EXPIRED = "expired"

    # State: where it is now. Changed by `_move`, and where speed counts by one statement: claim_next, decide.
    queue = models.ForeignKey(ReviewQueue, on_delete=models.PROTECT, related_name="escalations")
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    version = models.PositiveIntegerField(default=1)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    claimed_until = models.DateTimeField(null=True)
    # Fetched for the moment when its holder is done with another one: it gives way to whoever asks for it.
    claimed_ahead = models.BooleanField(default=False)
    snoozed_until = models.DateTimeField(null=True)
    # Whose decision is looked at again: anybody else may see and claim it.
    not_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    circle = models.SmallIntegerField(choices=Circle, default=Circle.QUEUE, db_default=Circle.QUEUE)
    notice_at = DatabaseMoment(null=True)  # when the circle grows next, if nobody holds it then
    decision = models.OneToOneField(
        "queue.Decision", on_delete=models.PROTECT, null=True, related_name="standing_for"
    )
    resolution = models.JSONField(null=True)  # the timeout exit that was taken: {exit, output, detail}
    receipt = models.JSONField(null=True)  # what the agent says it did with the decision

    objects = EscalationQuerySet.as_manager()
    events: RelatedManager[Event]
    notes: RelatedManager[Note]
    watches: RelatedManager[Watch]
    decisions: RelatedManager[Decision]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "key"], name="one_escalation_per_agent_and_key"),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__gte=0, confidence__lte=1),
                name="an_escalations_confidence_is_a_probability",
            ),
            models.CheckConstraint(
                condition=Q(status="decided", decision__isnull=False)
                | ~Q(status="decided") & Q(decision__isnull=True),
                name="decided_means_one_standing_decision",
            ),
            models.CheckConstraint(
                condition=Q(status="claimed", claimed_by__isnull=False, claimed_until__isnull=False)
                | ~Q(status="claimed") & Q(claimed_by__isnull=True, claimed_until__isnull=True),
                name="claimed_means_somebody_until_some_time",
            ),
            models.CheckConstraint(
                condition=Q(claimed_ahead=False) | Q(status="claimed"), name="what_is_ahead_is_claimed"
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue", "due_at", "id"], condition=Q(status="waiting"), name="waiting_by_urgency"
            ),
            models.Index(fields=["queue", "-id"], condition=Q(status="waiting"), name="newest_waiting"),
            models.Index(
                F("queue"),
                Stated("reason", "confidence"),
                F("id"),
                condition=Q(status="waiting"),
                name="waiting_by_confidence",
            ),
            # The next ones hold nothing of what was just raised, so that raising does not pay for them.
            models.Index(
                fields=["not_for"],
                condition=Q(status="waiting", not_for__isnull=False),
                name="second_looks_of_a_person",
            ),
            models.Index(
                fields=["claimed_by"], condition=Q(claimed_by__isnull=False), name="claims_of_a_reviewer"
            ),
            models.Index(
                fields=["queue", "due_at", "id"],
                condition=Q(status="waiting", snoozed_until__isnull=False),
                name="snoozed_by_urgency",
            ),
            models.Index(fields=["queue", "-id"], condition=Q(status="decided"), name="newest_decided"),
            models.Index(fields=["claimed_until"], condition=Q(status="claimed"), name="claims_by_lease"),
            models.Index(
                fields=["queue", "due_at", "id"], condition=Q(claimed_ahead=True), name="claimed_ahead"
            ),
            models.Index(
                fields=["deadline_at"],
                condition=Q(status__in=["waiting", "claimed"], deadline_at__isnull=False, circle__lt=3),
                name="open_by_deadline",
            ),
            models.Index(
                fields=["notice_at"],
                condition=Q(status__in=["waiting", "claimed"], notice_at__isnull=False),
                name="open_by_notice",
            ),
            models.Index(fields=["agent", "-id"], name="newest_of_an_agent"),
            models.Index(
                fields=["queue", "fingerprint", "agent", "status", "due_at", "id"],
                condition=~Q(fingerprint=""),
                name="alike_by_urgency",
            ),
        ]
        permissions = [("review", "Can claim and decide escalations")]

    def __str__(self) -> str:
        return f"{self.title} ({self.status})"

    claimable = staticmethod(holding.claimable)
    unheld = staticmethod(holding.unheld)
    overdue = staticmethod(holding.overdue)
    held_by = staticmethod(holding.held_by)

    def claim(self, reviewer: User) -> None:
        """Hold this escalation for `reviewer` until the lease runs out; refused if somebody else holds it."""
        self._move(
            Event.Kind.CLAIMED,
            allowed=self.claimable() & ~Q(not_for=reviewer) | self.held_by(reviewer),
            actor=reviewer,
            status=self.Status.CLAIMED,
            claimed_by=reviewer,
            data=lease_data(),
            claimed_until=Now() + settings.CLAIM_LEASE,
            snoozed_until=None,
        )

    def extend(self, reviewer: User) -> None:
        """Let the lease begin anew, because `reviewer` reads it; refused once somebody else holds it.

        What was claimed ahead is held from here on.
        """
        held = Escalation.objects.filter(self.held_by(reviewer), pk=self.pk)
        if not held.update(claimed_until=Now() + settings.CLAIM_LEASE, claimed_ahead=False):
            raise TransitionRefused(self, "extended")
        self.refresh_from_db(fields=["claimed_until", "claimed_ahead"])

    def release(self, reviewer: User) -> None:
        """Give it back to the line."""
        self._move(
            Event.Kind.RELEASED,
            allowed=self.held_by(reviewer),
            actor=reviewer,
            **self._unheld_and(self.Status.WAITING),
        )

    def take_from(self, lead: User, holder: User) -> None:
        """Give back to the line what `holder` holds, as its leads may; the history says who did."""
        led = Membership.objects.filter(user=lead, role__in=Membership.LEADING)
        self._move(
            Event.Kind.RELEASED,
            allowed=self.held_by(holder) & Q(queue__in=led.values("queue")),
            actor=lead,
            data={"taken_from": holder.username, "holder": holder.pk},
            **self._unheld_and(self.Status.WAITING),
        )

    def snooze(self, reviewer: User, *, seconds: int) -> None:
        """Give it back, and let nobody be handed it for `seconds`."""
        self._move(
            Event.Kind.SNOOZED,
            allowed=self.held_by(reviewer),
            actor=reviewer,
            snoozed_until=Now() + timedelta(seconds=seconds),
            **self._unheld_and(self.Status.WAITING),
        )

    def move_to(self, reviewer: User, queue: ReviewQueue) -> None:
        """Put it in another line, where it waits for whoever reviews there."""
        changes = {"queue": queue, "snoozed_until": None} | self._unheld_and(self.Status.WAITING)
        data = {"queue": queue.slug}
        self._move(Event.Kind.MOVED, allowed=self.held_by(reviewer), actor=reviewer, data=data, **changes)

    def hand_to(self, reviewer: User, colleague: User) -> None:
        """Let a colleague hold it, for an hour; refused unless they may decide in its line."""
        if not Membership.objects.filter(
            user=colleague, queue=self.queue_id, role__in=Membership.REVIEWING
        ).exists():
            raise TransitionRefused(self, Event.Kind.HANDED)
        self._move(
            Event.Kind.HANDED,
            allowed=self.held_by(reviewer),
            actor=reviewer,
            data={"to": colleague.username, "holder": colleague.pk, "lease_s": HANDED.total_seconds()},
            claimed_by=colleague,
            claimed_until=Now() + HANDED,
        )

    @transaction.atomic
    def claim_and_decide(self, reviewer: User, verdict: str, *, version: int, **answer: Any) -> Decision:
        """Decide as one of many what `reviewer` saw at `version`, claimed on the way if they do not hold it.

        Raises DecisionInvalid too for what may only be decided by somebody who has it before them.
        """
        refuse_unseen(self, verdict)
        if not (self.status == self.Status.CLAIMED and self.claimed_by_id == reviewer.pk):
            self.claim(reviewer)
            # The claim is a move of its own: the row is as the reviewer saw it if nothing else came between.
            version += 1
        return self.decide(reviewer, verdict, version=version, **answer)

    @transaction.atomic
    def decide(
        self,
        reviewer: User,
        verdict: str,
        *,
        version: int | None = None,
        slack: timedelta = timedelta(),
        **answer: Any,
    ) -> Decision:
        """Record what `reviewer` says; agents learn of it when the undo window, and `slack`, is over.

        `answer` takes the fields of Decision: output, arguments, answer, note, reason_code, grant, cosmetic,
        seconds_spent. Raises DecisionInvalid, or TransitionRefused when `reviewer` does not hold it or
        `version` is not the row's.
        """
        decision = self._decision(reviewer, verdict, answer)
        if not record(decision, version=version, undo_window=settings.UNDO_WINDOW + slack):
            raise TransitionRefused(self, Event.Kind.DECIDED)
        signals.decided.send(Escalation, decision=decision)
        return decision

    @transaction.atomic
    def undo(self, reviewer: User) -> None:
        """Take one's own decision back within the undo window; the escalation is `reviewer`'s claim again."""
        self.refresh_from_db(fields=["decision"])
        decision = self.decision
        # No join: after waiting for another move, an UPDATE looks again at its own row alone.
        still_mine = Decision.objects.filter(reviewer=reviewer, effective_at__gt=Now() + UNDO_MARGIN)
        self._move(
            Event.Kind.UNDONE,
            allowed=Q(status=self.Status.DECIDED, decision=decision, decision__in=still_mine.values("pk")),
            actor=reviewer,
            data={"decision": self.decision_id} | lease_data(),
            status=self.Status.CLAIMED,
            decision=None,
            claimed_by=reviewer,
            claimed_until=Now() + settings.CLAIM_LEASE,
        )
        signals.undone.send(Escalation, decision=decision)
        # Locks and receivers took their time: it must be over before anybody can read the decision.
        if decision not in still_mine:
            raise TransitionRefused(self, "undone")

    @transaction.atomic
    def withdraw(self) -> None:
        """The producer needs no answer any more."""
        open_ = Q(status__in=[self.Status.WAITING, self.Status.CLAIMED])
        self._move(Event.Kind.WITHDRAWN, allowed=open_, **self._unheld_and(self.Status.WITHDRAWN))
        signals.withdrawn.send(Escalation, escalation=self)

    def keep_receipt(self, *, status: str, detail: str, content_hash: str) -> None:
        """Note what the agent did with the decision; refused unless it acted on what was approved."""
        effective = Decision.objects.filter(standing_for=self.pk, effective_at__lte=Now())
        approved = effective.filter(verdict__in=[Verdict.ACCEPT, Verdict.EDIT]).first()
        if approved is None or approved.approved_hash != content_hash:
            because = "nothing with this content_hash stands approved, or not yet for good"
            raise TransitionRefused(self, "given this receipt", because)
        receipt = JSONObject(
            status=Value(status), detail=Value(detail), content_hash=Value(content_hash), at=Now()
        )
        # What is effective is not undone any more: it still stands.
        Escalation.objects.filter(pk=self.pk).update(receipt=receipt)
        self.refresh_from_db(fields=["receipt"])

    @transaction.atomic
    def expire(self) -> None:
        """End it at its deadline, unless a human holds it; whoever listens takes the timeout exit."""
        self._move(Event.Kind.EXPIRED, allowed=self.overdue(), **self._unheld_and(self.Status.EXPIRED))
        signals.expired.send(Escalation, escalation=self)

    @transaction.atomic
    def widen(self, circle: Circle, *, next_at: Any = None) -> None:
        """Let word go further that it waits: once for each circle, and not while a human holds it.

        No move: whoever has it on screen may decide what they see. `next_at`: when the next circle is due.
        """
        row = Escalation.objects.filter(self.unheld(), pk=self.pk, circle__lt=circle)
        if not row.update(circle=circle, notice_at=next_at):
            raise TransitionRefused(self, "widened")
        self.refresh_from_db(fields=["circle", "notice_at"])
        kind = Event.Kind.REMINDED if circle == Circle.REMINDED else Event.Kind.WIDENED
        Event.objects.create(escalation=self, kind=kind, data={"circle": circle.name.lower()})
        signals.widened.send(Escalation, escalation=self)

    def _unheld_and(self, status: Status) -> dict[str, Any]:
        return {"status": status, "claimed_by": None, "claimed_until": None}

    def _decision(self, reviewer: User, verdict: str, answer: dict[str, Any]) -> Decision:
        decision = Decision(
            escalation=self,
            reviewer=reviewer,
            verdict=verdict,
            original_output=self.output,
            content_hash=self.content_hash,
            **answer,
        )
        decision.clean_for(self)
        return decision

    @transaction.atomic
    def _move(
        self,
        kind: Event.Kind,
        *,
        allowed: Q,
        actor: User | None = None,
        data: dict[str, Any] | None = None,
        **changes: Any,
    ) -> None:
        # The condition travels in the UPDATE itself, so two reviewers who click at once cannot both succeed.
        changes["claimed_ahead"] = False
        row = Escalation.objects.filter(allowed, pk=self.pk)
        if not row.update(version=F("version") + 1, **changes):
            raise TransitionRefused(self, kind)
        self.refresh_from_db(fields=["version", *changes])
        Event.objects.create(escalation=self, kind=kind, actor=actor, data=data or {})
