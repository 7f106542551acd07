from django import template

from escalation.gating.models import Outcome
from escalation.queue.models import Escalation
from escalation.tuning.models.calibration import calibrated

register = template.Library()


@register.simple_tag
def meant_right(escalation: Escalation) -> str:
    """How often results as sure as this one were right so far, in a sentence; empty where nobody knows.

    Nothing on a blind check: whoever does it must not know what the agent thought.
    """
    if escalation.is_blind or escalation.partial or escalation.confidence is None:
        return ""
    facts = Outcome.objects.filter(escalation=escalation).values_list("gate", "model", "prompt_version")
    if (of := facts.first()) is None:
        return ""
    share = calibrated(*of, escalation.confidence)
    if share is None:
        return ""
    return f"{escalation.confidence:.2f} has meant right in {100 * share:.0f} of 100 so far."
