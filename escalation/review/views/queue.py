from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import quote_etag
from django.utils.timezone import now
from django_htmx.http import reswap

from escalation.queue.models.line import EscalationQuerySet
from escalation.review.choices import named_in
from escalation.review.filters import QueueFilter
from escalation.review.line import (
    PAGE,
    as_rows,
    changes_of,
    count_new,
    fingerprint,
    in_queues,
    pulse,
    queues_of,
)
from escalation.review.rows import as_shown
from escalation.review.views.desk import DeskView

# A lease that runs out and a sleep that ends move nothing: so long the list may be as it was before them.
LOOKED_AFTER_S = 30


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page knows, as its ETag: its rows, what stands beside them, the last moves, when it looked."""

    rows: str
    beside: str
    pulse: str
    at: int

    @classmethod
    def parse(cls, etag: str) -> Seen | None:
        """Read what `str` wrote; anything else is nothing."""
        found = re.fullmatch(
            r'(?:W/)?"([0-9a-f]{16})\.([0-9a-f]{16})\.([0-9a-f]{12})\.(\d{1,12})"', etag, re.ASCII
        )
        return cls(found[1], found[2], found[3], int(found[4])) if found else None

    def __str__(self) -> str:
        return quote_etag(f"{self.rows}.{self.beside}.{self.pulse}.{self.at}")


class QueueView(DeskView):
    """The line of escalations, as far as this person may see it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show_queue(self.request.GET)


class NewsView(DeskView):
    """What has changed in the list since it was read: its rows as they now are, and how many are new."""

    def get(self, request: HttpRequest) -> HttpResponse:
        known = Seen.parse(request.headers.get("If-None-Match", ""))
        beat, moment = pulse(), int(now().timestamp())
        if known and known.pulse == beat and abs(moment - known.at) < LOOKED_AFTER_S:
            return HttpResponseNotModified(headers={"ETag": str(known)})
        queues = queues_of(self.request.user)
        mine = in_queues(queues, self.request.user)
        filters = QueueFilter(request.GET, queryset=mine, request=self.request, names=named_in(request.GET))
        line, new = mine.filter(pk__in=self._places), count_new(filters, self._newest)
        waiting = [(each.queue.pk, each.waiting) for each in queues]
        rows = fingerprint(changes_of(line, counts=filters.folds))
        seen = Seen(rows, fingerprint(waiting, new), beat, moment)
        if known and (known.rows, known.beside) == (seen.rows, seen.beside):
            return HttpResponseNotModified(headers={"ETag": str(seen)})
        stays = known is not None and known.rows == seen.rows
        context = {"queues": queues, "filters": filters, "new": new}
        context["rows"] = [] if stays else self._rows_shown(line, folds=filters.folds)
        response = self.page("review/_news.html", context)
        response["ETag"] = str(seen)
        return reswap(response, "none") if stays else response

    def _rows_shown(self, line: EscalationQuerySet, *, folds: bool) -> list[Any]:
        place = self._places
        rows = sorted(as_rows(line, counts=folds), key=lambda row: place[row.pk])
        return as_shown(rows, self.request.user, folds=folds)

    @cached_property
    def _places(self) -> dict[int, int]:
        """Where each row that the page shows stands in it."""
        shown = self.request.GET.get("shown", "").split(",")[:PAGE]
        return {int(pk): place for place, pk in enumerate(shown) if re.fullmatch(r"\d{1,18}", pk, re.ASCII)}

    @property
    def _newest(self) -> int:
        given = self.request.GET.get("newest", "")
        return int(given) if re.fullmatch(r"\d{1,18}", given, re.ASCII) else 0


class NextView(DeskView):
    """The most urgent escalation that nobody holds: taking it claims it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("review:queue"))

    def post(self, request: HttpRequest) -> HttpResponse:
        claimed = None if "behind" in request.POST else self.next_one()
        # Only now: what is given back first would be the most urgent one again.
        self.give_back_left()
        return self.go_to(claimed) if claimed else self.go_on()
