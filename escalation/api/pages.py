"""Lists by key, newest first: the hundredth page costs what the first one did, and no row comes twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar

from django.conf import settings
from django.db.models import QuerySet
from django.http import QueryDict
from msgspec import UNSET, Meta, Struct, UnsetType

from escalation.api.shapes.deliveries import DeliveryOut
from escalation.api.shapes.escalations import EscalationRow
from escalation.api.shapes.labels import LabelOut

MOST_COUNTED = 10_000
# No index serves a filter: a list looks a bounded way down the line, as the queue page does.
LOOK = 10_000
Limit = Annotated[int, Meta(ge=1, le=200)]
Cursor = Annotated[str, Meta(pattern=r"^[on][0-9]{1,16}$")]


class Page(Struct, kw_only=True):
    """Where the other rows are; `total` only when asked for, exact up to 10 000."""

    next: str | None
    previous: str | None
    total: Annotated[int, Meta(ge=0, le=MOST_COUNTED)] | str | UnsetType = UNSET


class EscalationPage(Page, kw_only=True):
    """Escalations, newest first; of 10 000 looked at, fewer than `limit` may fit while `next` leads on."""

    results: list[EscalationRow]


class LabelPage(Page, kw_only=True):
    """Labels, newest first."""

    results: list[LabelOut]


class DeliveryPage(Page, kw_only=True):
    """Webhooks, newest first; of 10 000 looked at, fewer than `limit` may be yours while `next` leads on."""

    results: list[DeliveryOut]


class HasId(Protocol):
    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=HasId)


@dataclass(frozen=True, slots=True)
class Way:
    """One of the two directions in which pages follow each other."""

    letter: str
    order: str
    beyond: str
    up_to: str
    # From the id at which a page begins to one with which the page before it can be asked for.
    before: int


OLDER = Way("o", "-pk", "pk__lt", "pk__gte", before=-1)
NEWER = Way("n", "pk", "pk__gt", "pk__lte", before=1)


def page(
    rows: QuerySet[Any, Row], cursor: str, limit: int, line: QuerySet[Any, Row] | None = None
) -> tuple[list[Row], str | None, str | None]:
    """At most `limit` rows, and the cursors of the older and of the newer page, where there are such.

    A cursor is `o` or `n` (older or newer than) and an id. Where `rows` were narrowed, `line` is what from.
    Of that a page looks at `LOOK` rows: it may hold fewer than `limit`, or none, and yet another follow it.
    """
    way, back = (NEWER, OLDER) if cursor.startswith(NEWER.letter) else (OLDER, NEWER)
    begin = int(cursor[1:]) if cursor else 0
    beyond = {way.beyond: begin} if cursor else {}
    end = None if line is None else _end(line.filter(**beyond).order_by(way.order))
    within = beyond if end is None else beyond | {way.up_to: end}
    found = list(rows.filter(**within).order_by(way.order)[: limit + 1])
    shown = found[:limit]
    on = _cursor(way, shown[-1].id if len(found) > limit else end)
    came = _cursor(back, shown[0].id if shown else end and begin + way.before) if cursor else None
    return (shown, on, came) if way is OLDER else (shown[::-1], came, on)


def _end(line: QuerySet[Any, Row]) -> int | None:
    """The last row of the line that a page looks at, or None where it looks at all."""
    return line.values_list("pk", flat=True)[LOOK - 1 : LOOK].first()


def _cursor(way: Way, pk: int | None) -> str | None:
    return None if pk is None else f"{way.letter}{pk}"


def link(path: str, query: QueryDict, cursor: str | None) -> str | None:
    """The address of the page at `cursor`, with everything else as it was asked."""
    if cursor is None:
        return None
    parameters = query.copy()
    parameters["cursor"] = cursor
    return f"{settings.PUBLIC_URL}{path}?{parameters.urlencode()}"


def counted(rows: QuerySet[Any, Any]) -> int | str:
    """How many there are; counting stops where nobody needs the number any more."""
    count = rows.order_by()[: MOST_COUNTED + 1].count()
    return count if count <= MOST_COUNTED else f"{MOST_COUNTED}+"
