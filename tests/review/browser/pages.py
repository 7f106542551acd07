"""Every page of the product, found in the URLconf: an address that answers with a page of HTML is one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from agents.models import Run
from escalation.api.models import Token
from escalation.delivery.models import Channel
from escalation.gating.models import Agent
from escalation.review.saved_view import SavedView
from escalation.tuning.models import Alarm, Draft, Proposal
from tests.review.browser.world import World

# Answered to machines, or a move that a browser sends and never stands on.
NOT_SAMPLED = (
    "api:hl_",
    "api:hitl_request",
    "api:interrupt",
    "admin:auth_user_password_change",
    "admin:view_on",
)


def samples(world: World) -> dict[str, dict[str, Any]]:
    """What stands for the parts of an address: by the name of the view, by how it begins, or by the part."""
    return {
        "agents:run": {"pk": Run.objects.get().pk},
        "runs:run": {"id": Run.objects.get().pk},
        "openid_connect": {"provider_id": "sample"},
        "session_end": {"name": "sample"},
        "account:rotation": {"pk": Token.objects.get().pk},
        "account:revocation": {"pk": Token.objects.get().pk},
        "account:removal": {"pk": Channel.objects.order_by("pk")[0].pk},
        "review:agent": {"slug": world.gate.agent.slug},
        "review:figure": {"slug": "backlog"},
        "review:settlement": {"pk": world.dispute.pk},
        "review:saved_view": {"pk": SavedView.objects.get().pk},
        "review:": {"pk": world.kinds["text"].pk, "part": "output"},
        "api:agent": {"slug": world.gate.agent.slug},
        "api:": {"id": world.kinds["text"].pk},
        "admin:gating_agent": {"pk": Agent.objects.get().pk},
        "admin:gating_gate": {"pk": world.gate.pk},
        "admin:tuning_acknowledge": {"pk": Alarm.objects.order_by("pk")[0].pk},
        "admin:tuning_draft": {"pk": Draft.objects.get().pk},
        "admin:tuning_apply_draft": {"pk": Draft.objects.get().pk},
        "admin:tuning_refuse_draft": {"pk": Draft.objects.get().pk},
        "admin:tuning": {"pk": Proposal.objects.order_by("pk")[0].pk, "gate": world.gate.pk},
        "admin:app_list": {"app_label": "queue"},
    }


def every_address(world: World) -> dict[str, str]:
    """Each named view with an address of it; where no sample fits, the address is empty."""
    known = samples(world)
    return {name: _address(name, parts, known) for name, parts in _views(get_resolver())}


def pages_of(client: Client, addresses: dict[str, str]) -> dict[str, str]:
    """Those of the addresses that answer with a whole page."""
    answers = {name: client.get(address) for name, address in addresses.items() if address}
    return {name: addresses[name] for name, answer in answers.items() if _is_page(answer)}


def _is_page(answer: Any) -> bool:
    return (
        answer.status_code == 200
        and not answer.streaming
        and b"<!doctype html>" in answer.content[:99].lower()
    )


def _views(resolver: URLResolver, space: str = "") -> Iterator[tuple[str, list[str]]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _views(pattern, inner)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"{space}{pattern.name}", list(pattern.pattern.regex.groupindex)


def _address(name: str, parts: list[str], known: dict[str, dict[str, Any]]) -> str:
    fitting = sorted((begin for begin in known if name.startswith(begin)), key=len, reverse=True)
    sample = {"object_id": _row_behind(name)}
    for begin in reversed(fitting):
        sample |= known[begin]
    try:
        return reverse(name, kwargs={part: sample[part] for part in parts})
    except (KeyError, NoReverseMatch):
        return ""


def _row_behind(name: str) -> Any:
    """The key of a row that the admin's page of one row can show."""
    for model in admin.site._registry:
        if name.startswith(f"admin:{model._meta.app_label}_{model._meta.model_name}_"):
            return model._default_manager.values_list("pk", flat=True).first()
    return None
