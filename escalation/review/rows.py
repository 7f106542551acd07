"""A row of the queue as its template takes it: each part is made once, in one pass.

Fifty rows of nested templates and filters took more time than everything else on the page; so the parts of
a row are put together here, and escaped here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import now

from escalation.queue.models import Escalation
from escalation.queue.models.alike import MOST_ALIKE
from escalation.review import untrusted, why
from escalation.review.times import time_of, urgency_of

Status = Escalation.Status
NOTHING = mark_safe("")
# What the reason does not say already.
SAID_BY_REASON = {"approval": "approval_required", "question": "input_requested"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row, ready to be put into the page."""

    pk: int
    version: int
    classes: str
    may_choose: bool
    checked: SafeString
    priority: int
    priority_name: str
    address: str
    title: SafeString
    plain_title: str
    badges: SafeString
    meter: SafeString
    due: SafeString
    age: SafeString
    holder: SafeString


def as_shown(
    escalations: Iterable[Any], viewer: User, *, folds: bool = False, chosen: Iterable[int] = ()
) -> list[Row]:
    """The rows that `viewer` sees; with `folds`, a row stands for all that failed alike."""
    moment, pattern = now(), reverse("review:escalation", args=[0])
    queue = reverse("review:queue") if folds else ""
    return [
        _row(row, viewer, moment, pattern.replace("/0/", f"/{row.pk}/"), queue, row.pk in chosen)
        for row in escalations
    ]


def _row(row: Any, viewer: User, moment: datetime, address: str, queue: str, is_chosen: bool) -> Row:
    is_mine = row.claimed_by_id == viewer.pk
    is_open = row.status in (Status.WAITING, Status.CLAIMED)
    is_free = not row.sleeps if row.status == Status.WAITING else not row.holds or is_mine
    deadline = row.deadline_at
    return Row(
        pk=row.pk,
        version=row.version,
        classes="row" if is_open else "row is-done",
        may_choose=is_open and is_free,
        checked=mark_safe(" checked") if is_chosen else NOTHING,
        priority=row.priority,
        priority_name=row.get_priority_display(),
        address=address,
        title=untrusted.plain(row.title),
        plain_title=row.title,
        badges=_badges(row, queue),
        meter=NOTHING if row.is_blind or row.confidence is None else meter_of(row),
        due=_due(deadline, moment) if deadline else NOTHING,
        age=time_of(row.raised_at, "ago", moment),
        holder=_holder(row, viewer, is_mine),
    )


def meter_of(row: Any) -> SafeString:
    """Confidence as a bar, and the threshold as a tick on it; with as many digits as tell them apart."""
    confidence, threshold = why.compared(row.confidence, row.threshold)
    reaches = " is-over" if (row.confidence or 0) >= (row.threshold or 0) else ""
    said, tick, beside = "", "", ""
    if row.threshold is not None:
        said, beside = f", threshold {threshold}", f"<span> / {threshold}</span>"
        tick = (
            f'<rect class="meter-tick" x="{100 * row.threshold:.4g}" y="0" width="2.4" height="14" rx="1"/>'
        )
    return mark_safe(
        f'<span class="meter-group"><svg class="meter{reaches}" viewBox="0 0 100 14" width="84" height="12"'
        f' preserveAspectRatio="none" role="img" aria-label="Confidence {confidence}{said}">'
        '<rect class="meter-track" x="0" y="4" width="100" height="6" rx="3"/>'
        f'<rect class="meter-fill" x="0" y="4" width="{100 * row.confidence:.4g}" height="6" rx="3"/>'
        f'{tick}</svg><span class="meter-numbers" aria-hidden="true"><b>{confidence}</b>{beside}</span>'
        "</span>"
    )


def reason_of(row: Any) -> SafeString:
    """The badge that says why it is here; that of a blind check says no more than that it is one."""
    if row.is_blind:
        return mark_safe('<span class="badge reason">Check</span>')
    label = row.get_reason_display().capitalize()
    return mark_safe(f'<span class="badge reason reason-{escape(row.reason)}">{escape(label)}</span>')


def _badges(row: Any, queue: str) -> SafeString:
    badges = [str(reason_of(row))]
    if row.alike > 1 and queue:
        number = f"{MOST_ALIKE}+" if row.alike > MOST_ALIKE else row.alike
        badges.append(
            f'<a class="badge alike" href="{queue}?alike={row.pk}" hx-boost="true"'
            f' title="This one and those that failed as it did">{number} alike</a>'
        )
    if row.partial:
        badges.append('<span class="badge partial">PARTIAL</span>')
    if SAID_BY_REASON.get(row.kind, row.reason) != row.reason:
        badges.append(f'<span class="badge">{row.get_kind_display()}</span>')
    gate = "" if row.gate == "default" else f" / {row.gate}"
    badges.append(f'<span class="row-agent">{escape(row.agent + gate)}</span>')
    return mark_safe("\n".join(badges))


def _due(deadline: datetime, moment: datetime) -> SafeString:
    near, text = urgency_of(deadline, moment), time_of(deadline, "due", moment)
    return mark_safe(f'<span class="deadline {near}">{text}</span>')


def _holder(row: Any, viewer: User, is_mine: bool) -> SafeString:
    if row.status == Status.CLAIMED:
        if is_mine and not row.claimed_ahead:
            return _person(viewer.username, "You", " is-me")
        return _person(row.claimed_by.username, row.claimed_by.username, "") if row.holds else NOTHING
    return _done(_end(row)) if row.status != Status.WAITING or row.sleeps else NOTHING


def _end(row: Any) -> str:
    if row.status == Status.WAITING:
        return "Snoozed"
    if row.status != Status.DECIDED:
        return str(row.get_status_display())
    if row.is_blind:
        return "Decided"
    return f"{row.decision.get_verdict_display()} · {row.decision.reviewer.username}"


def _person(name: str, said: str, classes: str) -> SafeString:
    avatar = f'<span class="avatar" aria-hidden="true">{escape(name[:1].upper())}</span>'
    return mark_safe(f'<span class="holder{classes}">{avatar}{escape(said)}</span>')


def _done(said: str) -> SafeString:
    return mark_safe(f'<span class="holder is-done">{escape(said)}</span>')
