"""A second, blind look at what somebody decided: drawn by chance, or seeded by ops as gold."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models.decision import Decision, Verdict
from escalation.queue.models.escalation import Escalation
from escalation.queue.models.reason import Reason
from escalation.queue.models.review_queue import Membership
from escalation.queue.signals import settled

if TYPE_CHECKING:
    from collections.abc import Sequence

# What says whether a result is right; the others put off or end it.
JUDGING = (Verdict.ACCEPT, Verdict.EDIT, Verdict.REJECT, Verdict.ANSWER)
# What the second reviewer is shown: all that the first was, but what says that there was a first.
SHOWN_AGAIN = (
    "agent",
    "gate",
    "kind",
    "title",
    "task",
    "output",
    "explanation",
    "trace",
    "evidence",
    "usage",
    "tags",
    "external_id",
    "priority",
    "policy_version",
    "threshold",
    "confidence",
)


class CheckQuerySet(models.QuerySet["Check"]):
    def draw_for(self, decision: Decision) -> Check | None:
        """Ask somebody else the same, with the chance that the review queue sets; None: not drawn."""
        escalation = decision.escalation
        share = escalation.queue.second_review_share
        if not share or not _is_judged(escalation, decision) or secrets.randbelow(10**9) >= share * 10**9:
            return None
        return self._ask_again(decision, Reason.SECOND_REVIEW)

    def seed(self, decision: Decision) -> Check | None:
        """Take a decision for the truth, and see whether others find it; None where it says no verdict."""
        escalation = decision.escalation
        return self._ask_again(decision, Reason.GOLD) if _is_judged(escalation, decision) else None

    @transaction.atomic
    def _ask_again(self, decision: Decision, reason: Reason) -> Check:
        seen = decision.escalation
        facts = {name: getattr(seen, name) for name in SHOWN_AGAIN}
        again, _ = Escalation.objects.raise_once(
            **facts, queue=seen.queue, reason=reason, not_for=decision.reviewer
        )
        return self.create(escalation=again, first=decision)

    def take_back(self, decision: Decision) -> None:
        """The first decision was undone: nobody needs to look again."""
        for check in self.filter(first=decision, escalation__status__in=["waiting", "claimed"]):
            check.escalation.withdraw()

    def done(self) -> CheckQuerySet:
        """Those that both have judged, with decisions that stand."""
        standing = Q(first__standing_for__isnull=False, escalation__decision__isnull=False)
        judged = Q(escalation__decision__verdict__in=JUDGING)
        return self.filter(standing & judged).select_related(
            "first__reviewer", "first__escalation", "escalation__queue", "escalation__decision__reviewer"
        )

    def led_by(self, user: User) -> CheckQuerySet:
        """Those in the review queues that `user` leads or looks after."""
        mine = Membership.objects.filter(user=user, role__in=Membership.LEADING)
        return self.filter(escalation__queue__in=mine.values("queue"))

    def disputed(self) -> CheckQuerySet:
        """Those whose two verdicts differ, and that no lead has settled."""
        differing = ~Q(escalation__decision__verdict=models.F("first__verdict"))
        return self.done().filter(differing, stands="", escalation__reason=Reason.SECOND_REVIEW)


class Check(models.Model):
    """One decision, and the escalation in which somebody else is asked the same without knowing of it."""

    class Stands(models.TextChoices):
        FIRST = "first"
        SECOND = "second"
        NEITHER = "neither"

    escalation = models.OneToOneField(Escalation, on_delete=models.PROTECT, related_name="check_of")
    first = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="checks")
    stands = models.CharField(max_length=10, choices=Stands, blank=True)
    note = models.TextField(blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    settled_at = models.DateTimeField(null=True)

    objects = CheckQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.escalation.get_reason_display()} of decision {self.first_id}"

    @property
    def verdicts(self) -> Sequence[str]:
        """What the first said, and what the second said."""
        second = self.escalation.decision
        return [self.first.verdict, second.verdict if second else ""]

    @transaction.atomic
    def settle(self, lead: User, stands: str, note: str) -> None:
        """Say which of two verdicts stands, once; refused when another lead has said it."""
        unsettled = Check.objects.filter(pk=self.pk, stands="")
        if not unsettled.update(stands=stands, note=note, settled_by=lead, settled_at=Now()):
            raise TransitionRefused(self.escalation, "settled")
        self.refresh_from_db()
        settled.send(Check, check=self)


def _is_judged(escalation: Escalation, decision: Decision) -> bool:
    whole = escalation.kind == Escalation.Kind.RESULT and not escalation.partial
    # A second look has no third; an audit is looked at again like any other decision.
    of_people = escalation.reason in (Reason.SECOND_REVIEW, Reason.GOLD)
    return whole and not of_people and decision.verdict in JUDGING
