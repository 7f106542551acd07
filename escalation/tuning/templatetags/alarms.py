from django import template
from django.contrib.auth.models import AnonymousUser, User

from escalation.tuning.models import Alarm

register = template.Library()


@register.simple_tag
def alarms_for_ops(user: User | AnonymousUser) -> list[Alarm]:
    """What nobody has acknowledged yet, for whoever may see alarms."""
    return list(Alarm.objects.unseen_by_ops()[:5]) if user.has_perm("tuning.view_alarm") else []


@register.simple_tag
def alarms_for_reviewer(user: User | AnonymousUser) -> list[Alarm]:
    """Why more than usual waits in the review queues of whoever is signed in."""
    return list(Alarm.objects.that_fill_the_queues_of(user)[:3]) if isinstance(user, User) else []
