"""A webhook on the wire, and which of them to send again."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from escalation.api.shapes.escalations import Strict
from escalation.api.shapes.fields import Count, Id, Moment
from escalation.delivery.models import Delivery

DeliveryStatus = Literal["pending", "delivered", "dead"]


class DeliveryOut(Struct, kw_only=True):
    """One message: `webhook_id` is the header of every try, `last_answer` what came of the last one."""

    id: Id
    webhook_id: str
    event: str
    url: str
    escalation: Id | None
    status: DeliveryStatus
    attempts: Count
    created_at: Moment
    next_attempt_at: Moment | None
    delivered_at: Moment | None
    last_answer: str

    @classmethod
    def of(cls, row: Delivery) -> DeliveryOut:
        return cls(
            id=row.pk,
            webhook_id=row.webhook_id,
            event=row.event,
            url=row.url,
            escalation=row.escalation_id,
            status=row.status,  # type: ignore[arg-type]
            attempts=row.attempts,
            created_at=row.created_at,
            next_attempt_at=row.next_attempt_at if row.status == Delivery.Status.PENDING else None,
            delivered_at=row.delivered_at,
            last_answer=row.last_answer,
        )


class RedeliveryIn(Strict):
    """Which dead ones to send again: all, some by id, or those of a span of time (`until` not included)."""

    deliveries: Annotated[list[Id], Meta(max_length=200)] | UnsetType = UNSET
    since: Moment | UnsetType = UNSET
    until: Moment | UnsetType = UNSET


class RedeliveryOut(Struct):
    """How many will be sent again, each under the id that it had."""

    restarted: Count
