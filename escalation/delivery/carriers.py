"""How a message leaves: by mail, to an address that was checked, or through a service with its own host.

What somebody wrote as an address leads to the open internet or nowhere: docs/decisions/0013.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import UTC
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.timezone import now
from standardwebhooks import Webhook

from escalation.delivery.destinations import DestinationRefused, check_url
from escalation.delivery.news import Message
from escalation.delivery.transport import Unreachable, post
from escalation.queue.content import canonical

JSON = {"content-type": "application/json", "user-agent": "Otherwise"}


class NotSent(Exception):
    """It did not leave; the text says why."""


def send(kind: str, address: str, message: Message, *, secret: str) -> None:
    """Hand a message over to whoever carries it; raises NotSent.

    The same message sent again carries the same key, by which receivers may know it.
    """
    CARRIERS[kind](address, message, secret)


def check_address(kind: str, address: str) -> str | None:
    """What is wrong with an address, or None."""
    if kind in ("slack", "webhook"):
        try:
            check_url(address)
        except DestinationRefused as refused:
            return str(refused)
    if kind == "pagerduty" and not (address.isascii() and address.isalnum() and len(address) == 32):
        return "give the integration key of the service: 32 letters and digits"
    if kind == "service":
        return _fault_of_service(address)
    return None


def _fault_of_service(address: str) -> str | None:
    if address.partition("://")[0].lower() not in settings.NOTIFICATION_SERVICES:
        return f"begin with one of: {', '.join(f'{name}://' for name in settings.NOTIFICATION_SERVICES)}"
    return (
        None
        if load_apprise().instantiate(address, suppress_exceptions=True)
        else "this address is not complete"
    )


def load_apprise() -> Any:
    """The class Apprise, with all its services loaded: only who names one waits for that."""
    with warnings.catch_warnings():
        # On its way to all its services it imports a module that Python 3.13 has no more.
        warnings.simplefilter("ignore", DeprecationWarning)
        from apprise import Apprise

        Apprise.instantiate("json://localhost")
    return Apprise


def _mail(address: str, message: Message, secret: str) -> None:
    headers = {"X-Otherwise-Key": message.key, "Auto-Submitted": "auto-generated"}
    try:
        EmailMessage(message.subject, message.text, to=[address], headers=headers).send()
    except (OSError, ValueError) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error


def _slack(address: str, message: Message, secret: str) -> None:
    # Angle brackets and ampersands would be links and mentions of everybody there.
    text = message.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    _post(address, canonical({"text": text}), {})


def _webhook(address: str, message: Message, secret: str) -> None:
    said = {"subject": message.subject, "text": message.text, "url": message.url, "key": message.key}
    body, moment = canonical({"type": "notification", "data": said}), now().astimezone(UTC)
    signature = Webhook(secret).sign(message.key, moment, body)
    stamped = {"webhook-id": message.key, "webhook-timestamp": str(int(moment.timestamp()))}
    _post(address, body, stamped | {"webhook-signature": signature})


def _pagerduty(address: str, message: Message, secret: str) -> None:
    facts = {"summary": message.subject, "source": settings.PUBLIC_URL, "severity": message.severity}
    event = {
        "routing_key": address,
        "event_action": "trigger",
        "dedup_key": message.key,
        "payload": facts | {"custom_details": {"text": message.text}},
        "links": [{"href": message.url, "text": "Look at it"}],
    }
    _post(settings.PAGERDUTY_URL, canonical(event), {})


def _post(url: str, body: str, headers: dict[str, str]) -> None:
    try:
        answer = post(url, body.encode(), JSON | headers)
    except (DestinationRefused, Unreachable) as error:
        raise NotSent(str(error)) from error
    if not 200 <= answer.status < 300:
        raise NotSent(f"HTTP {answer.status}")


def _service(address: str, message: Message, secret: str) -> None:
    if fault := _fault_of_service(address):
        raise NotSent(fault)
    service = load_apprise().instantiate(address)
    if not service.notify(body=message.text, title=message.subject):
        raise NotSent("the service did not take it")


CARRIERS: dict[str, Callable[[str, Message, str], None]] = {
    "email": _mail,
    "slack": _slack,
    "webhook": _webhook,
    "pagerduty": _pagerduty,
    "service": _service,
}
