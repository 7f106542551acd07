"""What templates need to show an escalation: safe text, moments, money, confidence beside threshold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import now

from escalation.queue.models import Decision, Escalation, Verdict
from escalation.review import untrusted
from escalation.review.rows import meter_of, reason_of
from escalation.review.said import PAST
from escalation.review.timeline import Timeline, timeline
from escalation.review.times import Style, brief, time_of, urgency_of

register = template.Library()
SELECTED = mark_safe(" selected")


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
def past(decision: Decision) -> str:
    """What was done: Accepted, Rejected, …"""
    return PAST[Verdict(decision.verdict)]


@register.simple_tag
def moment(at: datetime | None, style: Style = "ago") -> SafeString | str:
    """A moment as people say it; a script keeps it true, and the exact time in the reviewer's own zone."""
    return "" if at is None else time_of(at, style, now())


@register.simple_tag
def urgency(deadline: datetime | None) -> str:
    """The class of a deadline: over, near (within the hour) or far."""
    return "" if deadline is None else urgency_of(deadline, now())


@register.simple_tag
def select(field: BoundField) -> SafeString:
    """A choice, put together at once: the form's own widget takes a template for each option."""
    chosen = field.value() or ""
    options = format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        (
            (value, SELECTED if str(value) == str(chosen) else "", label)
            for value, label in getattr(field.field, "choices", ())
        ),
    )
    attributes = (field.html_name, field.id_for_label, field.label, options)
    return format_html('<select name="{}" id="{}" aria-label="{}">{}</select>', *attributes)


@register.filter
def meter(escalation: Escalation) -> SafeString:
    """Confidence as a bar with the threshold on it."""
    return meter_of(escalation)


@register.filter
def reason_badge(escalation: Escalation) -> SafeString:
    """The badge that says why it is here."""
    return reason_of(escalation)


@register.simple_tag
def outside(url: Any) -> SafeString:
    """A link out of the product that shows where it leads; what is no web address is shown as text."""
    if not isinstance(url, str) or not untrusted.ABSOLUTE.match(url):
        return untrusted.plain(str(url))
    link = '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>'
    return format_html(link, url, untrusted.plain(url))


@register.simple_tag
def steps(trace: Any) -> dict[str, Timeline]:
    """A trace as the timeline shows it."""
    return {"timeline": timeline(trace)}


@register.simple_tag
def run_address(run: Any) -> str:
    """Where a run is shown, while there is a door that shows runs."""
    try:
        return reverse("agents:run", args=[run.pk])
    except NoReverseMatch:
        return ""
