from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import quote_etag
from django.utils.timezone import now

from escalation.queue.models.line import EscalationQuerySet
from escalation.review.filters import QueueFilter
from escalation.review.line import PAGE, as_rows, count_new, fingerprint, in_queues, pulse, queues_of
from escalation.review.rows import as_shown
from escalation.review.views.desk import DeskView

# A lease that runs out and a sleep that ends move nothing: so long the list may be as it was before them.
LOOKED_AFTER_S = 30


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page knows of its list, as its ETag: the list, the last moves, and when it was looked up."""

    list: str
    pulse: str
    at: int

    @classmethod
    def parse(cls, etag: str) -> Seen | None:
        """Read what `str` wrote; anything else is nothing."""
        found = re.fullmatch(r'(?:W/)?"([0-9a-f]{20})\.([0-9a-f]{12})\.(\d{1,12})"', etag, re.ASCII)
        return cls(found[1], found[2], int(found[3])) if found else None

    def __str__(self) -> str:
        return quote_etag(f"{self.list}.{self.pulse}.{self.at}")


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
        filters = QueueFilter(request.GET, queryset=mine, request=self.request)
        rows = self._rows_shown(mine, counts=filters.folds)
        new = count_new(filters, self._newest)
        seen = Seen(fingerprint(rows, queues, new), beat, moment)
        if known and known.list == seen.list:
            return HttpResponseNotModified(headers={"ETag": str(seen)})
        shown = as_shown(rows, self.request.user, folds=filters.folds)
        context = {"rows": shown, "queues": queues, "filters": filters, "new": new}
        response = self.page("review/_news.html", context)
        response["ETag"] = str(seen)
        return response

    def _rows_shown(self, line: EscalationQuerySet, *, counts: bool) -> list[Any]:
        shown = self.request.GET.get("shown", "").split(",")[:PAGE]
        place = {int(pk): place for place, pk in enumerate(shown) if re.fullmatch(r"\d{1,18}", pk, re.ASCII)}
        return sorted(as_rows(line.filter(pk__in=place), counts=counts), key=lambda row: place[row.pk])

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
