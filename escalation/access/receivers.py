from __future__ import annotations

from typing import Any

from allauth.core.internal.httpkit import get_client_ip
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from escalation.access.browsers import name_of
from escalation.access.confirming import note_confirmed


@receiver(user_logged_in)
def say_where(request: HttpRequest, **_: Any) -> None:
    """A session says in which browser and from where it began; who begins one has shown who they are."""
    request.session["browser"] = name_of(request.headers.get("User-Agent", ""))
    request.session["address"] = get_client_ip(request) or ""
    note_confirmed(request)
