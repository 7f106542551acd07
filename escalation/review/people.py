"""Who may do what with an escalation, who keeps it in sight, and to whom it can go."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from escalation.queue.models import Escalation, Event, Membership, ReviewQueue


def may_review(user: User, escalation: Escalation) -> bool:
    """Whether this person may claim and decide in the escalation's queue."""
    return _role_of(user, escalation) in Membership.REVIEWING


def may_lead(user: User, escalation: Escalation) -> bool:
    """Whether this person may take what somebody else holds in the escalation's queue."""
    return _role_of(user, escalation) in Membership.LEADING


def _role_of(user: User, escalation: Escalation) -> str | None:
    # Whoever is shown a row that was loaded with their role needs no second look.
    if not hasattr(escalation, "viewer_role"):
        roles = Membership.objects.filter(user=user, queue=escalation.queue_id)
        vars(escalation)["viewer_role"] = roles.values_list("role", flat=True).first()
    role: str | None = vars(escalation)["viewer_role"]
    return role


def is_watched(events: Iterable[Event], viewer: User) -> bool:
    """Whether `viewer` watches, by what happened last; a note lets its author and whom it names watch."""
    watches = False
    for event in events:
        is_own = event.actor_id == viewer.pk
        is_named = viewer.username in event.data.get("mentioned", ())
        if event.kind == Event.Kind.UNWATCHED and is_own:
            watches = False
        elif event.kind in (Event.Kind.WATCHED, Event.Kind.NOTED) and (is_own or is_named):
            watches = True
    return watches


def places_for(escalation: Escalation, viewer: User) -> list[tuple[str, str]]:
    """Every other line and every colleague who may decide in this one, in one query: (value, label)."""
    text = CharField()
    elsewhere = ReviewQueue.objects.exclude(pk=escalation.queue_id).order_by()
    here = Membership.objects.filter(queue=escalation.queue_id, role__in=Membership.REVIEWING)
    lines = elsewhere.values_list(Concat(Value("queue:"), "slug", output_field=text), Cast("name", text))
    name = "user__username"
    people = here.exclude(user=viewer).values_list(
        Concat(Value("person:"), name, output_field=text), Concat(Value("@"), name, output_field=text)
    )
    found = lines.union(people.order_by(), all=True)
    return sorted(found, key=lambda place: (place[0].startswith("person:"), place[1].lower()))
