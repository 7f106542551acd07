"""Who may do what: the groups `reviewers` and `ops`, with their permissions."""

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

APPS = ("queue", "gating", "tuning", "delivery", "agents", "api", "auth")
# By app: models that ops may read; beside them, what ops may do.
READABLE = {
    "queue": [
        "escalation",
        "decision",
        "event",
        "reviewqueue",
        "membership",
        "reasoncode",
        "queueevent",
        "check",
    ],
    "gating": ["agent", "agentevent", "drill", "failuremode", "gate", "policy", "outcome"],
    "tuning": [
        "label",
        "proposal",
        "settlement",
        "draft",
        "gatetarget",
        "gaterails",
        "gatecosts",
        "watch",
        "alarm",
        "calibration",
    ],
    "delivery": ["endpoint", "delivery", "channel", "notification"],
    "agents": ["run", "step", "toolcall", "ledgerentry", "breakerevent"],
    "api": ["token"],
    "auth": ["user"],
}
OPS = [
    *(f"{app}.view_{model}" for app, models in READABLE.items() for model in models),
    "queue.add_reviewqueue",
    "queue.add_check",
    "queue.change_reviewqueue",
    "queue.add_membership",
    "queue.change_membership",
    "queue.delete_membership",
    "queue.add_reasoncode",
    "queue.change_reasoncode",
    "queue.delete_reasoncode",
    "gating.add_agent",
    "gating.change_agent",
    "gating.add_gate",
    "gating.add_policy",
    "tuning.change_alarm",  # acknowledge it
    "delivery.add_endpoint",
    "delivery.change_endpoint",
    "delivery.change_delivery",
    "delivery.add_channel",
    "delivery.change_channel",
    "delivery.delete_channel",
    "api.add_token",
    "api.change_token",  # rotate and revoke it
    "agents.change_run",  # stop it
    "agents.add_breakerevent",  # force a breaker, and reset it
]
GROUPS = {"reviewers": ["queue.review"], "ops": OPS}


def ensure_groups(**_: Any) -> None:
    """Make both groups, and give them what they lack; takes nothing away. Runs after every migration."""
    for label in APPS:
        create_permissions(apps.get_app_config(label), verbosity=0)
    for name, wanted in GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.add(*map(_permission, wanted))


def _permission(name: str) -> Permission:
    app, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)
