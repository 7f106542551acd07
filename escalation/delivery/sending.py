"""One try of one delivery: sign, post, and note what came of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.utils.timezone import now
from standardwebhooks import Webhook

from escalation.delivery.destinations import DestinationRefused
from escalation.delivery.models import Delivery
from escalation.delivery.models.endpoint import HUMANLAYER
from escalation.delivery.payloads import facts_of
from escalation.delivery.transport import Answer, Unreachable, post
from escalation.queue.content import canonical

GONE = 410
LONGEST_WAIT = timedelta(hours=24)


def try_once(delivery: Delivery, *, jitter: float) -> None:
    """Send a delivery that was begun; `jitter`, uniform in [0, 1), spreads the next try."""
    body = body_of(delivery)
    began = time.monotonic()
    try:
        answer = post(delivery.url, body.encode(), headers_for(delivery, body, now()))
    except (DestinationRefused, Unreachable) as error:
        delivery.fail(str(error), jitter=jitter)
        delivery.receiver.has_failed(seconds=time.monotonic() - began, jitter=jitter)
        return
    _note(delivery, answer, seconds=time.monotonic() - began, jitter=jitter)


def _note(delivery: Delivery, answer: Answer, *, seconds: float, jitter: float) -> None:
    words, receiver = f"HTTP {answer.status}", delivery.receiver
    if 200 <= answer.status < 300:
        delivery.succeed(words)
        receiver.has_answered(seconds=seconds)
        return
    if answer.status == GONE:
        delivery.stop(words)
        return
    pause = wished_pause(answer, now())
    delivery.fail(words, jitter=jitter, at_least=pause)
    # Behind a host of callback URLs stand many: what one of them says is not the others' fault.
    if delivery.endpoint is None:
        receiver.has_answered(seconds=seconds)
        return
    receiver.has_failed(seconds=seconds, jitter=jitter)
    if pause:
        receiver.rest(pause)


def body_of(delivery: Delivery) -> str:
    """The body, the same on every try."""
    if delivery.event in HUMANLAYER:
        return canonical({"type": delivery.event, "is_test": False, "event": delivery.payload})
    facts = facts_of(delivery.escalation) if delivery.escalation else {}
    moment = delivery.created_at.isoformat()
    return canonical({"type": delivery.event, "timestamp": moment, "data": facts | delivery.payload})


def headers_for(delivery: Delivery, body: str, moment: datetime) -> dict[str, str]:
    """Standard Webhooks: the id stays over all tries, the timestamp is this try's.

    While a secret is being replaced there are two signatures: the receiver needs to know one of the two.
    """
    message_id = delivery.webhook_id
    # The library takes the clock's digits as UTC whatever zone they are in.
    moment = moment.astimezone(UTC)
    signatures = [Webhook(secret).sign(message_id, moment, body) for secret in delivery.secrets()]
    return {
        "content-type": "application/json",
        "user-agent": "Otherwise",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def wished_pause(answer: Answer, moment: datetime) -> timedelta:
    """What the receiver's Retry-After asks for (seconds or a date), at most 24 hours."""
    text = answer.retry_after.strip()
    is_number = text.isascii() and text.isdigit()
    # Cut first: a number of a thousand digits is no duration.
    pause = timedelta(seconds=int(text[:9])) if is_number else _until(text, moment)
    return min(max(pause, timedelta()), LONGEST_WAIT)


def _until(text: str, moment: datetime) -> timedelta:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return timedelta()
    return (date if date.tzinfo else date.replace(tzinfo=UTC)) - moment
