"""Which escalations a list shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.db.models import Q
from msgspec import UNSET, Meta, Struct, UnsetType

from escalation.api.callers import Caller
from escalation.api.pages import Cursor, Limit
from escalation.api.raising import NUMBERS
from escalation.api.shapes.fields import GivenReason, Moment, Priority, ShortText, Slug, Status

if TYPE_CHECKING:
    from escalation.queue.models.line import EscalationQuerySet

AnyReason = Literal[GivenReason, "audit", "second_review", "gold"]


class EscalationQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """What of the list to show; `cursor` comes from `next` and `previous`."""

    status: Status | UnsetType = UNSET
    agent: Slug | UnsetType = UNSET
    gate: Slug | UnsetType = UNSET
    reason: AnyReason | UnsetType = UNSET
    queue: Slug | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    partial: bool | UnsetType = UNSET
    tag: ShortText | UnsetType = UNSET
    external_id: ShortText | UnsetType = UNSET
    q: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    raised_after: Moment | UnsetType = UNSET
    raised_before: Moment | UnsetType = UNSET
    limit: Limit = 50
    cursor: Cursor | UnsetType = UNSET
    total: bool = False


# What each parameter asks of a row. `q` looks in what a list shows, not in the bodies.
CONDITIONS: dict[str, Callable[[Any], Q]] = {
    "agent": lambda slug: Q(agent=slug),
    "gate": lambda slug: Q(gate=slug),
    "reason": lambda reason: Q(reason=reason),
    "queue": lambda slug: Q(queue__slug=slug),
    "priority": lambda name: Q(priority=NUMBERS[name]),
    "partial": lambda partial: Q(partial=partial),
    "tag": lambda tag: Q(tags__contains=[tag]),
    "external_id": lambda text: Q(external_id=text),
    "q": lambda text: Q(title__icontains=text) | Q(external_id=text),
    "raised_after": lambda moment: Q(raised_at__gt=moment),
    "raised_before": lambda moment: Q(raised_at__lt=moment),
}


def chosen(caller: Caller, query: EscalationQuery) -> tuple[EscalationQuerySet, EscalationQuerySet | None]:
    """The caller's escalations that fit every parameter, without their bodies, and what they are among.

    The second is None where nothing narrows them.
    """
    conditions = list(_conditions(caller, query))
    rows = caller.escalations().filter(*conditions).without_bodies()
    return rows, caller.line() if conditions else None


def _conditions(caller: Caller, query: EscalationQuery) -> Iterator[Q]:
    if query.status is not UNSET:
        yield caller.with_status(query.status)
    for name, condition in CONDITIONS.items():
        if (value := getattr(query, name)) is not UNSET:
            yield condition(value)
