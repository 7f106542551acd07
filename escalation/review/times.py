"""Moments as people say them; a script keeps them true, in the reviewer's own zone. PURE."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.utils.safestring import SafeString, mark_safe

Style = Literal["ago", "due", "in", "clock"]
UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))
HOUR = 3600


def time_of(at: datetime, style: Style, moment: datetime) -> SafeString:
    """The element for one moment, as it is said at `moment`."""
    # Nothing in it comes from outside: a date has no character to escape.
    return mark_safe(
        f'<time datetime="{at.isoformat()}" title="{at:%d %B %Y %H:%M:%S} UTC" data-moment="{style}">'
        f"{said(at, style, moment)}</time>"
    )


def said(at: datetime, style: Style, moment: datetime) -> str:
    """3 min ago, due in 2 h, in 5 d, 14:02 UTC."""
    left = (at - moment).total_seconds()
    if style == "clock":
        return f"{at:%H:%M} UTC"
    if style == "ago":
        return "just now" if -left < 10 else f"{brief(-left)} ago"
    if style == "due":
        return f"due in {brief(left)}" if left > 0 else f"{brief(-left)} overdue"
    return f"in {brief(max(0, left))}"


def urgency_of(deadline: datetime, moment: datetime) -> str:
    """The class of a deadline: over, near (within the hour) or far."""
    left = (deadline - moment).total_seconds()
    return "is-over" if left <= 0 else "is-near" if left < HOUR else "is-far"


def brief(amount: float) -> str:
    """A duration in its largest unit: 3 min, 2 h, 5 d."""
    for size, unit in UNITS:
        if amount >= size:
            return f"{int(amount // size)} {unit}"
    return f"{int(amount)} s"
