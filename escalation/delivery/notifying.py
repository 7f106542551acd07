"""One message to one channel: gathered, paced, sent, and what came of it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from escalation.delivery.carriers import NotSent, send
from escalation.delivery.models import Channel, Notification
from escalation.delivery.news import compose
from escalation.delivery.pacing import leaves_at


def send_what_is_due(channel_id: int) -> int:
    """Send what a channel has to say, if it is time; returns how many pieces of news left."""
    begun = Channel.objects.begin(channel_id)
    if begun is None:
        return 0
    channel, moment = begun
    waiting = Notification.objects.waiting_for(channel)
    if not waiting or _is_put_off(channel, waiting, moment):
        channel.let_go()
        return 0
    try:
        message = compose([row.news for row in waiting], settings.PUBLIC_URL)
        send(channel.kind, channel.address, message, secret=channel.secret)
    except NotSent as refused:
        _note_failure(channel, waiting, moment, str(refused))
        return 0
    Notification.objects.end(waiting, "sent")
    channel.succeed()
    return len(waiting)


def _is_put_off(channel: Channel, waiting: list[Notification], moment: datetime) -> bool:
    sent = Notification.objects.sent_lately(channel, moment)
    leaves = leaves_at(channel.pace, moment, waiting[0].created_at, sent)
    if leaves > moment:
        Notification.objects.put_off(channel, leaves)
    return leaves > moment


def _note_failure(channel: Channel, waiting: list[Notification], moment: datetime, answer: str) -> None:
    pause = channel.fail(answer)
    if pause is None:
        Notification.objects.end(waiting, "dead")
    else:
        Notification.objects.put_off(channel, moment + pause)
