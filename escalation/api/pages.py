"""Lists by key, newest first: the hundredth page costs what the first one did, and no row comes twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Protocol, TypeVar

from django.conf import settings
from django.db.models import QuerySet
from django.http import QueryDict
from msgspec import UNSET, Meta, Struct, UnsetType

from escalation.api.shapes.escalations import EscalationRow
from escalation.api.shapes.labels import LabelOut

MOST_COUNTED = 10_000
Limit = Annotated[int, Meta(ge=1, le=200)]
Cursor = Annotated[str, Meta(pattern=r"^[on][0-9]{1,16}$")]


class Page(Struct, kw_only=True):
    """Where the other rows are; `total` only when asked for, exact up to 10 000."""

    next: str | None
    previous: str | None
    total: Annotated[int, Meta(ge=0, le=MOST_COUNTED)] | str | UnsetType = UNSET


class EscalationPage(Page, kw_only=True):
    """Escalations, newest first."""

    results: list[EscalationRow]


class LabelPage(Page, kw_only=True):
    """Labels, newest first."""

    results: list[LabelOut]


class HasId(Protocol):
    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=HasId)


def page(rows: QuerySet[Any, Row], cursor: str, limit: int) -> tuple[list[Row], str | None, str | None]:
    """At most `limit` rows, and the cursors of the older and of the newer page, where there are such.

    A cursor is `o` or `n` (older or newer than) and an id.
    """
    if cursor.startswith("n"):
        newer = list(rows.filter(pk__gt=int(cursor[1:])).order_by("pk")[: limit + 1])
        shown = newer[:limit][::-1]
        return shown, _cursor("o", shown, -1), _cursor("n", shown, 0) if len(newer) > limit else None
    if cursor:
        rows = rows.filter(pk__lt=int(cursor[1:]))
    older = list(rows.order_by("-pk")[: limit + 1])
    shown = older[:limit]
    return (
        shown,
        _cursor("o", shown, -1) if len(older) > limit else None,
        _cursor("n", shown, 0) if cursor else None,
    )


def _cursor(direction: str, shown: Sequence[HasId], end: int) -> str | None:
    return f"{direction}{shown[end].id}" if shown else None


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
