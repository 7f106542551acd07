"""People are told where they are: by mail, webhook, Slack, PagerDuty or another service; once, and paced."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from standardwebhooks import Webhook

from escalation.delivery.carriers import load_apprise
from escalation.delivery.models import Channel, Notification
from escalation.delivery.notifying import send_what_is_due
from escalation.delivery.tasks import sweep_news
from escalation.gating.models import Agent
from escalation.queue.models import Membership, Note, ReviewQueue
from escalation.queue.models.deadline import Circle
from escalation.queue.signals import alerted
from tests.cast import RaiseEscalation
from tests.delivery.mailbox import mailbox
from tests.delivery.receiver import Receiver

MakeChannel = Callable[..., Channel]


@pytest.fixture
def a_channel(alice: User, receiver: Receiver) -> MakeChannel:
    """Call it for a webhook of Alice's that wants everything there is; `facts` are fields of Channel."""

    def make(**facts: Any) -> Channel:
        topics = ["waiting", "mention", "reminder", "widened", "agent_paused", "breaker_opened"]
        owner = {} if "queue" in facts else {"user": alice}
        defaults = {"kind": "webhook", "address": receiver.url, "topics": topics}
        return Channel.objects.create(**(owner | defaults | facts))

    return make


def told(key: str = "k", about: str = "Where is my order?", **whom: Any) -> None:
    alerted.send(None, topic="mention", key=key, facts={"about": about}, **whom)


def test_an_urgent_escalation_is_told_to_those_who_review_it(
    a_channel: MakeChannel, mallory: User, an_escalation: RaiseEscalation, receiver: Receiver
) -> None:
    channel = a_channel()
    a_channel(user=mallory)

    escalation = an_escalation(priority=3)
    an_escalation(priority=1)
    send_what_is_due(channel.pk)

    (notification,) = Notification.objects.all()
    (message,) = receiver.messages
    content = json.loads(message.body)["data"]
    assert (notification.channel, notification.status) == (channel, "sent")
    assert content["url"].endswith(f"/escalations/{escalation.pk}/")
    assert "priority urgent" in content["text"]
    assert Webhook(channel.secret).verify(message.body, message.headers)


def test_the_circle_grows_from_reviewers_to_leads_and_on_call(
    a_channel: MakeChannel,
    queue: ReviewQueue,
    bob: User,
    olga: User,
    agent: Agent,
    an_escalation: RaiseEscalation,
) -> None:
    Membership.objects.filter(user=bob).update(role="lead")
    alices, bobs, olgas = a_channel(), a_channel(user=bob), a_channel(user=olga)
    escalation, heard = an_escalation(deadline_s=60), []

    for circle in (Circle.REMINDED, Circle.WIDER, Circle.EVERYBODY):
        before = set(Notification.objects.values_list("pk", flat=True))
        escalation.widen(circle)
        heard.append({row.channel for row in Notification.objects.exclude(pk__in=before)})

    # Olga is the agent's on-call.
    assert heard == [{alices, bobs}, {bobs, olgas}, {alices, bobs, olgas}]


def test_a_paused_agent_is_news_for_ops(a_channel: MakeChannel, olga: User, agent: Agent) -> None:
    a_channel()
    olgas = a_channel(user=olga)

    agent.pause(olga, "it invents refunds")

    (notification,) = Notification.objects.all()
    assert (notification.channel, notification.facts["because"]) == (olgas, "it invents refunds")


def test_who_is_mentioned_in_a_note_hears_of_it(
    a_channel: MakeChannel, alice: User, bob: User, an_escalation: RaiseEscalation
) -> None:
    a_channel()
    bobs = a_channel(user=bob)
    escalation = an_escalation()

    Note.objects.write(escalation, alice, "@bob, @alice: is this right?")

    (notification,) = Notification.objects.all()
    assert (notification.channel, notification.facts["by"]) == (bobs, "alice")
    assert notification.path == f"/escalations/{escalation.pk}/"


def test_the_same_news_is_told_once(a_channel: MakeChannel, alice: User, receiver: Receiver) -> None:
    channel = a_channel()
    told(people=[alice])
    told(people=[alice])

    sent = [send_what_is_due(channel.pk) for _ in range(3)]

    assert (sent, len(receiver.messages)) == ([1, 0, 0], 1)


def test_a_receiver_that_is_down_hears_of_it_later_under_the_same_key(
    a_channel: MakeChannel, alice: User, receiver: Receiver
) -> None:
    channel = a_channel()
    told(people=[alice])
    receiver.status = 503
    send_what_is_due(channel.pk)
    first_pause = Notification.objects.get().due_at - Notification.objects.get().created_at
    receiver.status = 204
    Notification.objects.update(due_at="2026-01-01T00:00Z")

    assert sweep_news() == 1
    send_what_is_due(channel.pk)

    channel.refresh_from_db()
    keys = {message.headers["webhook-id"] for message in receiver.messages}
    assert (len(receiver.messages), len(keys), channel.failures) == (2, 1, 0)
    assert first_pause.total_seconds() > 5


def test_after_the_last_try_it_is_given_up_and_said(
    a_channel: MakeChannel, alice: User, receiver: Receiver
) -> None:
    channel = a_channel()
    told(people=[alice])
    receiver.status = 500

    for _ in range(6):
        send_what_is_due(channel.pk)

    channel.refresh_from_db()
    assert (Notification.objects.get().status, channel.last_answer) == ("dead", "HTTP 500")


def test_what_is_more_than_the_rate_is_gathered(
    a_channel: MakeChannel, alice: User, receiver: Receiver
) -> None:
    channel = a_channel(most_per_hour=1)

    for n in range(4):
        told(f"k{n}", people=[alice])
        send_what_is_due(channel.pk)

    assert len(receiver.messages) == 1
    assert sorted(Notification.objects.values_list("status", flat=True)) == ["pending"] * 3 + ["sent"]
    assert sweep_news() == 0


def test_mail_comes_from_a_real_server(a_channel: MakeChannel, alice: User, settings: Any) -> None:
    channel = a_channel(kind="email", address="alice@example.com")
    told(people=[alice])

    with mailbox() as (port, messages):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, False
        send_what_is_due(channel.pk)

    (message,) = messages
    assert (message["To"], message["Auto-Submitted"]) == ("alice@example.com", "auto-generated")
    assert message["Subject"] == "Somebody mentions you: Where is my order?"
    assert "/queue/" in message.get_content()


def test_mail_without_a_server_is_tried_again(a_channel: MakeChannel, alice: User, settings: Any) -> None:
    channel = a_channel(kind="email", address="alice@example.com")
    told(people=[alice])
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    send_what_is_due(channel.pk)

    channel.refresh_from_db()
    assert (channel.failures, channel.held_until) == (1, None)
    assert "refused" in channel.last_answer


def test_slack_gets_text_without_markup_and_pagerduty_an_event_with_its_key(
    a_channel: MakeChannel, queue: ReviewQueue, receiver: Receiver, settings: Any
) -> None:
    settings.PAGERDUTY_URL = receiver.url
    channels = [
        a_channel(queue=queue, kind="slack"),
        a_channel(queue=queue, kind="pagerduty", address="0" * 32),
    ]
    told(queue=queue, about="<!channel> & <https://evil.example|click>")

    for channel in channels:
        send_what_is_due(channel.pk)

    slack, pagerduty = (json.loads(message.body) for message in receiver.messages)
    assert "&lt;!channel&gt; &amp; &lt;https" in slack["text"]
    assert (pagerduty["event_action"], pagerduty["dedup_key"]) == ("trigger", f"k:{channels[1].pk}")
    assert pagerduty["payload"]["severity"] == "info"


def test_another_service_is_reached_through_its_plugin(
    a_channel: MakeChannel, alice: User, settings: Any
) -> None:
    load_apprise()
    from apprise.decorators import notify

    heard: list[str] = []
    settings.NOTIFICATION_SERVICES = ["here"]

    @notify(on="here")  # type: ignore[untyped-decorator, no-untyped-call]
    def here(body: str, title: str, notify_type: str, *_: Any, **__: Any) -> bool:
        heard.append(title)
        return True

    channel = a_channel(kind="service", address="here://somebody")
    told(people=[alice])
    send_what_is_due(channel.pk)

    assert heard == ["Somebody mentions you: Where is my order?"]


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("webhook", "https://169.254.169.254/latest/meta-data/"),
        ("webhook", "http://hooks.example.com/"),
        ("slack", "https://localhost/hook"),
        ("service", "json://10.0.0.1/"),
        ("service", "discord://"),
        ("service", "mailto://user:secret@10.0.0.1"),
        ("pagerduty", "short"),
        ("email", "not an address"),
    ],
)
def test_what_leads_into_our_own_network_is_refused(alice: User, kind: str, address: str) -> None:
    channel = Channel(user=alice, kind=kind, address=address)

    with pytest.raises(ValidationError) as refused:
        channel.full_clean()

    assert "address" in refused.value.message_dict


def test_every_service_that_may_be_named_has_a_host_of_its_own(settings: Any) -> None:
    load_apprise()
    from apprise.manager_plugins import NotificationManager

    plugins = NotificationManager()  # type: ignore[no-untyped-call]
    templates = [each for name in settings.NOTIFICATION_SERVICES for each in plugins[name].templates]

    assert len(templates) >= len(settings.NOTIFICATION_SERVICES)
    assert [each for each in templates if "host" in each] == []
