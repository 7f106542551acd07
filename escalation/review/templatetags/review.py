"""What templates need to show an escalation: safe text, moments, money, confidence beside threshold."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now

from escalation.queue.models import Escalation
from escalation.review import untrusted, why
from escalation.review.timeline import timeline

register = template.Library()

UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))
HOUR = 3600


@register.filter
def plain(text: Any) -> SafeString:
    """Escape what an agent wrote, with its hidden characters marked."""
    return untrusted.plain(str(text))


@register.filter
def rich(text: Any) -> SafeString:
    """Render an agent's Markdown safely."""
    return untrusted.rich(str(text))


@register.filter
def usd(amount: Any) -> str:
    if not isinstance(amount, int | float):
        return ""
    return f"${amount:,.2f}" if amount >= 0.1 or amount == 0 else f"${amount:.4f}"


@register.filter
def seconds(amount: Any) -> str:
    if not isinstance(amount, int | float):
        return ""
    return f"{amount * 1000:.0f} ms" if amount < 1 else f"{amount:.1f} s" if amount < 60 else brief(amount)


@register.filter
def percent(probability: float) -> str:
    return f"{100 * probability:.4g}"


@register.simple_tag
def moment(at: datetime | None, style: Literal["ago", "due", "in", "clock"] = "ago") -> SafeString | str:
    """A moment as people say it; a script keeps it true, and the exact time in the reviewer's own zone."""
    if at is None:
        return ""
    text = {"ago": _ago, "due": _due, "in": _in, "clock": "{:%H:%M} UTC".format}[style](at)
    exact = f"{at:%d %B %Y %H:%M:%S} UTC"
    return format_html(
        '<time datetime="{}" title="{}" data-moment="{}">{}</time>', at.isoformat(), exact, style, text
    )


@register.simple_tag
def urgency(deadline: datetime | None) -> str:
    """The class of a deadline: over, near (within the hour) or far."""
    if deadline is None:
        return ""
    left = (deadline - now()).total_seconds()
    return "is-over" if left <= 0 else "is-near" if left < HOUR else "is-far"


@register.simple_tag
def compared(escalation: Escalation) -> dict[str, Any]:
    """Confidence and threshold with as many digits as tell them apart, and which is the greater."""
    confidence, threshold = why.compared(escalation.confidence, escalation.threshold)
    reaches = (escalation.confidence or 0) >= (escalation.threshold or 0)
    return {"confidence": confidence, "threshold": threshold, "reaches": reaches}


@register.simple_tag
def outside(url: Any) -> SafeString:
    """A link out of the product that shows where it leads; what is no web address is shown as text."""
    if not isinstance(url, str) or not untrusted.ABSOLUTE.match(url):
        return untrusted.plain(str(url))
    link = '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>'
    return format_html(link, url, untrusted.plain(url))


@register.simple_tag
def steps(trace: Any) -> dict[str, Any]:
    """A trace as the timeline shows it, and the step to look at first."""
    moments = timeline(trace)
    return {"moments": moments, "first_failure": next((moment for moment in moments if moment.error), None)}


@register.simple_tag
def run_address(run: Any) -> str:
    """Where a run is shown, while there is a door that shows runs."""
    try:
        return reverse("agents:run", args=[run.pk])
    except NoReverseMatch:
        return ""


def brief(amount: float) -> str:
    """A duration in its largest unit: 3 min, 2 h, 5 d."""
    for size, unit in UNITS:
        if amount >= size:
            return f"{int(amount // size)} {unit}"
    return f"{int(amount)} s"


def _ago(at: datetime) -> str:
    age = (now() - at).total_seconds()
    return "just now" if age < 10 else f"{brief(age)} ago"


def _due(at: datetime) -> str:
    left = (at - now()).total_seconds()
    return f"due in {brief(left)}" if left > 0 else f"{brief(-left)} overdue"


def _in(at: datetime) -> str:
    return f"in {brief(max(0, (at - now()).total_seconds()))}"
