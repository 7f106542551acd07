"""Many deliveries, or none yet: written with what happened, taken one by one, sent again by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from escalation.database.once import Once
from escalation.delivery import bells
from escalation.delivery.models.endpoint import Endpoint
from escalation.delivery.models.receiver import MOST_AT_ONCE, Receiver
from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models import Decision, Escalation

if TYPE_CHECKING:
    from escalation.delivery.models.delivery import Delivery

MOST_RUNG = 100

# What a try reads: not the bodies of the escalation.
SENT = (
    *("message_id", "url", "event", "payload", "attempts", "created_at", "receiver", "endpoint"),
    *("endpoint__secret", "endpoint__previous_secret", "endpoint__previous_secret_until"),
    *(f"escalation__{name}" for name in ("agent", "gate", "kind", "reason", "title", "external_id")),
)

# A receiver that is down with a million rows must not hide the others: each gets its turn in every sweep.
FIRST_DUE = """
SELECT due.id FROM delivery_receiver r
LEFT JOIN delivery_endpoint p ON p.receiver_id = r.id
CROSS JOIN LATERAL (
    SELECT id FROM delivery_delivery d
    WHERE d.receiver_id = r.id AND d.status = 'pending' AND d.next_attempt_at <= statement_timestamp()
    ORDER BY d.next_attempt_at LIMIT %s
) due
WHERE (r.rests_until IS NULL OR r.rests_until <= statement_timestamp()) AND p.enabled IS NOT FALSE
LIMIT %s
"""

ENDPOINTS = Once(lambda: Endpoint.objects.filter(enabled=True))
ENDPOINTS_OF = Once(lambda agent: Endpoint.objects.filter(enabled=True, agent__slug=agent))


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self) -> DeliveryQuerySet:
        return self.filter(status="pending", next_attempt_at__lte=Now())

    def of_agent(self, slug: str) -> DeliveryQuerySet:
        """What an agent was to be told, at its endpoints and at its callback URLs."""
        return self.filter(Q(endpoint__agent__slug=slug) | Q(escalation__agent=slug))

    def tell(
        self,
        event: str,
        payload: dict[str, Any],
        *,
        agent: str | None,
        escalation: Escalation | None = None,
        decision: Decision | None = None,
    ) -> None:
        """Write one row for each endpoint of `agent` (None: of any) that wants to know.

        Call it in the transaction of what happened. What tells of a decision leaves when that takes effect.
        """
        start = decision.effective_at if decision else Now()
        common = {"event": event, "payload": payload, "escalation": escalation, "decision": decision}
        rows = [
            self.model(
                endpoint=endpoint,
                receiver_id=endpoint.receiver_id,
                url=endpoint.url,
                next_attempt_at=start,
                **common,
            )
            for endpoint in (ENDPOINTS.all() if agent is None else ENDPOINTS_OF.all(agent=agent))
            if event in endpoint.events
        ]
        self._put(rows, settings.UNDO_WINDOW if decision else timedelta())

    def call_back(
        self, escalation: Escalation, event: str, payload: dict[str, Any], decision: Decision | None = None
    ) -> None:
        """The same for the address that came with the escalation, if one did."""
        url = escalation.callback_url
        if not url:
            return
        row = self.model(
            receiver=Receiver.objects.of_callbacks_to(url),
            url=url,
            event=event,
            payload=payload,
            escalation=escalation,
            decision=decision,
            next_attempt_at=decision.effective_at if decision else Now(),
        )
        self._put([row], settings.UNDO_WINDOW if decision else timedelta())

    def _put(self, rows: list[Delivery], wait: timedelta) -> None:
        self.bulk_create(rows)
        for row in rows:
            bells.ring_soon(row.receiver_id, row.pk, wait)

    def take_back(self, decision: Decision) -> None:
        """Cancel what has not left the house; refused when the first try has begun."""
        mine = self.filter(decision=decision)
        mine.filter(status="pending", attempts=0).update(status="cancelled")
        if mine.exclude(status="cancelled").exists():
            raise TransitionRefused(decision.escalation, "undone")

    def first_due(self, *, limit: int) -> list[int]:
        """Ids of what is due, a few of each receiver that may be called."""
        with connection.cursor() as cursor:
            cursor.execute(FIRST_DUE, [MOST_AT_ONCE, limit])
            return [row[0] for row in cursor.fetchall()]

    @transaction.atomic
    def begin(self, delivery_id: int) -> Delivery | None:
        """Take the next delivery for the receiver of this one, for one try.

        None when nothing is due there, its breaker is open, or enough tries are under way.
        """
        # The lock makes the count exact. Decisions, which only refer to the row, do not wait for it.
        awake = Receiver.objects.awake().filter(deliveries=delivery_id)
        receiver = awake.select_for_update(of=("self",), no_key=True).first()
        if receiver is None:
            return None
        mine = self.filter(receiver=receiver)
        if mine.filter(held_until__gt=Now()).count() >= receiver.at_once:
            return None
        told = mine.due().select_related("endpoint", "escalation").only(*SENT)
        first = told.order_by("next_attempt_at")[:1].first()
        if first is None or not first.begin():
            return None
        first.receiver = receiver
        return first

    def redeliver(self) -> int:
        """Start the ended ones again, with the same ids; returns how many.

        A cancelled one tells of a decision that no longer stands: it never leaves.
        """
        again = {"attempts": 0, "next_attempt_at": Now(), "held_until": None, "delivered_at": None}
        ended = self.filter(status__in=["dead", "delivered"])
        # The first of them ring, and the sweep goes on with the rest.
        restarted = list(ended.order_by("pk").values_list("pk", flat=True)[:MOST_RUNG])
        count = ended.update(status="pending", **again)
        bells.ring(restarted)
        return count
