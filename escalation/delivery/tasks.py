"""Sending. A message is a doorbell: what is due stands in the database, and the sweep rings again."""

import random
import time

from celery import shared_task

from escalation.delivery.models import Delivery, Notification
from escalation.delivery.notifying import send_what_is_due
from escalation.delivery.sending import try_once
from escalation.ticks import tick

MOST_PER_SWEEP = 500
# How long one bell may keep a worker busy for one receiver, before others that rang have their turn.
AT_IT_S = 3.0


@shared_task(name="delivery.send_delivery", soft_time_limit=20, time_limit=25)  # type: ignore[untyped-decorator]
def send_delivery(delivery_id: int) -> None:
    """Try what is due for this delivery's receiver, one after the other, unless enough are at it."""
    until = time.monotonic() + AT_IT_S
    delivery = Delivery.objects.begin(delivery_id)
    while delivery:
        try_once(delivery, jitter=random.random())
        if time.monotonic() > until:
            delivery.ring_for_the_next()
            return
        delivery = Delivery.objects.begin(delivery.pk)


@tick("delivery.sweep_deliveries")
def sweep_deliveries() -> int:
    """Ring for what is due."""
    return len([send_delivery.delay(pk) for pk in Delivery.objects.first_due(limit=MOST_PER_SWEEP)])


@shared_task(name="delivery.send_news", soft_time_limit=45, time_limit=50)  # type: ignore[untyped-decorator]
def send_news(channel_id: int) -> None:
    """Tell one channel what is due, as one message."""
    send_what_is_due(channel_id)


@tick("delivery.sweep_news")
def sweep_news() -> int:
    """Ring for every channel that has something to say."""
    channels = Notification.objects.due().values_list("channel", flat=True).distinct()[:MOST_PER_SWEEP]
    return len([send_news.delay(pk) for pk in channels])
