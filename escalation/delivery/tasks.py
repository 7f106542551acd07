"""Sending. A message is a doorbell: what is due stands in the database, and the sweep rings again."""

import random

from celery import shared_task

from escalation.delivery.models import Delivery
from escalation.delivery.sending import try_once
from escalation.ticks import tick

MOST_PER_SWEEP = 500


@shared_task(name="delivery.send_delivery", soft_time_limit=20, time_limit=25)  # type: ignore[untyped-decorator]
def send_delivery(delivery_id: int) -> None:
    """Try a delivery once, if it is due and nobody else is at it."""
    delivery = Delivery.objects.filter(pk=delivery_id).select_related("endpoint").first()
    if delivery and delivery.begin():
        try_once(delivery, jitter=random.random())


@tick("delivery.sweep_deliveries")
def sweep_deliveries() -> int:
    """Ring for what is due."""
    due = Delivery.objects.due().order_by("next_attempt_at").values_list("pk", flat=True)[:MOST_PER_SWEEP]
    return len([send_delivery.delay(pk) for pk in due])
