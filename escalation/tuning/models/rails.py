from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q

from escalation.gating.exits import ACCEPTS_NOTHING
from escalation.gating.models import Gate
from escalation.gating.models.policy import check_probability
from escalation.tuning.exceptions import DraftClosed
from escalation.tuning.models.said import SaidOfAGate

# What ops say of it.
RAILS = ("auto_apply", "largest_step", "smallest_evidence", "cooling_h", "four_eyes", "on_alarm", "fallback")


class GateRailsQuerySet(models.QuerySet["GateRails"]):
    def of(self, gate: Gate) -> GateRails:
        """What holds at a gate now; the careful defaults, unsaved, where nobody has said anything."""
        return self.filter(gate=gate, waits=False).order_by("-id").first() or GateRails(gate=gate)

    def waiting_at(self, gate: Gate) -> GateRails | None:
        """What somebody wrote for a second person to let hold; None once a newer row is there."""
        newest: GateRails | None = GateRails.newest(gate)
        return newest if newest and newest.waits else None


class GateRails(SaidOfAGate):
    """How a gate's threshold may change: by itself or not, how far, how often, by how many people.

    And what comes into force when too many of its accepted results turn out to be wrong. Where two people
    change a threshold, two people change this as well: or one alone could do away with the other.
    """

    class OnAlarm(models.TextChoices):
        ACCEPT_NOTHING = "accept_nothing", "accept nothing, so that every result goes to a human"
        FALL_BACK = "fall_back", "put the fallback threshold in force"
        TELL = "tell", "tell, and change nothing but the audit rate"

    auto_apply = models.BooleanField(
        default=False, help_text="Put a proposal in force without asking, within the three limits below."
    )
    largest_step = models.FloatField(
        default=0.05, validators=[check_probability], help_text="The most that one such change may move."
    )
    smallest_evidence = models.PositiveIntegerField(
        default=100, help_text="Labels at or above the threshold that a change must rest on."
    )
    cooling_h = models.FloatField(
        default=24.0,
        validators=[MinValueValidator(0)],
        verbose_name="cooling time",
        help_text="Hours that any version of the policy stays in force before one may be put in force.",
    )
    four_eyes = models.BooleanField(default=False, help_text="What one person drafts, another puts in force.")
    on_alarm = models.CharField(max_length=20, choices=OnAlarm, default=OnAlarm.ACCEPT_NOTHING)
    fallback = models.FloatField(null=True, blank=True, validators=[check_probability])
    waits = models.BooleanField(default=False, editable=False)  # for a second person: it does not hold
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = GateRailsQuerySet.as_manager()

    class Meta(SaidOfAGate.Meta):
        verbose_name_plural = "gate rails"
        constraints = [
            models.CheckConstraint(
                condition=Q(auto_apply=False) | Q(four_eyes=False),
                name="what_two_people_must_see_is_not_applied_by_itself",
            ),
            models.CheckConstraint(
                condition=~Q(on_alarm="fall_back") | Q(fallback__isnull=False),
                name="falling_back_needs_a_threshold",
            ),
            models.CheckConstraint(
                condition=Q(largest_step__gte=0, largest_step__lte=1, cooling_h__gte=0)
                & (Q(fallback=None) | Q(fallback__gte=0, fallback__lte=1)),
                name="rails_are_shares_and_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(drafted_by=F("author")), name="rails_that_wait_are_let_hold_by_another_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gate}: {'applied by itself' if self.auto_apply else 'applied by a person'}"

    def differences(self) -> list[tuple[str, str, str]]:
        """What it says otherwise than what holds: the term, before, after."""
        holds = GateRails.objects.of(self.gate)
        said = [(name, _said(getattr(holds, name)), _said(getattr(self, name))) for name in RAILS]
        return [(name.replace("_", " "), before, after) for name, before, after in said if before != after]

    @property
    def cooling(self) -> timedelta:
        return timedelta(hours=self.cooling_h)

    @transaction.atomic
    def set(self, author: User) -> None:
        """Let this hold at its gate from now on; or wait, where two people change a threshold."""
        self.gate.hold()
        self.waits = GateRails.objects.of(self.gate).four_eyes
        self.drafted_by = None
        super().set(author)

    @transaction.atomic
    def second(self, actor: User) -> None:
        """Let what another person wrote hold; raises DraftClosed."""
        self.gate.hold()
        if GateRails.objects.waiting_at(self.gate) != self:
            raise DraftClosed("This was dealt with meanwhile.")
        if actor.pk == self.author_id:
            raise DraftClosed("Who wrote this does not let it hold: another person does.")
        self.drafted_by, self.waits = self.author, False
        super().set(actor)

    def after_an_alarm(self) -> float | None:
        """The threshold that comes into force when too many accepted results are wrong; None: none does."""
        if self.on_alarm == self.OnAlarm.TELL:
            return None
        if self.on_alarm == self.OnAlarm.FALL_BACK and self.fallback is not None:
            return self.fallback
        return ACCEPTS_NOTHING


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


class GateCosts(SaidOfAGate):
    """What a mistake, a reviewer's minute and a delay cost at a gate, all in the same money."""

    error = models.FloatField(help_text="What a wrong result costs that was accepted.")
    minutes = models.FloatField(help_text="How long a reviewer needs for one escalation.")
    minute = models.FloatField(help_text="What a minute of a reviewer costs.")
    delay = models.FloatField(default=0.0, help_text="What it costs that one result waits for a human.")

    class Meta(SaidOfAGate.Meta):
        verbose_name_plural = "gate costs"
        constraints = [
            models.CheckConstraint(
                condition=Q(error__gt=0, minutes__gte=0, minute__gte=0, delay__gte=0)
                & Q(error__gt=F("minutes") * F("minute") + F("delay")),
                name="an_error_costs_more_than_asking",
            )
        ]

    def __str__(self) -> str:
        return f"{self.gate}: an error costs {self.error:g}, asking {self.asking:g}"

    @property
    def asking(self) -> float:
        """What one escalation costs: the reviewer's time, and the delay."""
        return self.minutes * self.minute + self.delay
