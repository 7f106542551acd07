from django import template
from django.contrib.auth.models import User

from escalation.gating.exits import ACCEPTS_NOTHING
from escalation.gating.models import Gate

register = template.Library()


@register.simple_tag
def gates_for(user: User) -> list[Gate]:
    """Every gate with its agent, for whoever may see gates."""
    return list(Gate.objects.select_related("agent")) if user.has_perm("gating.view_gate") else []


@register.filter
def accepts_nothing(threshold: float | None) -> bool:
    """Whether it is the threshold that no confidence reaches."""
    return threshold == ACCEPTS_NOTHING
