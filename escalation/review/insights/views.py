"""The insights page, and each of its charts as CSV."""

from __future__ import annotations

import csv
from datetime import date

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.timezone import now

from escalation.queue.models import Membership, ReviewQueue
from escalation.review.insights.figures import Figure, figures
from escalation.review.insights.models import DailyCount
from escalation.review.insights.reading import Reader, gathered, span_of
from escalation.review.views.door import ReviewerView

RANGES = {7: "7 days", 30: "30 days", 90: "90 days", 365: "A year"}
USUAL_RANGE = 30


def leads_any(user: User) -> bool:
    roles = [Membership.Role.LEAD, Membership.Role.OPS]
    return Membership.objects.filter(user=user, role__in=roles).exists()


class InsightsView(ReviewerView):
    """What happened in the review queues of this person."""

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {
            "figures": self.figures(),
            "ranges": RANGES,
            "days": self.days,
            "queues": self.queues,
            "chosen": self.chosen,
            "until": DailyCount.objects.counted_until(),
            "address": self.address,
            "leads": leads_any(self.request.user),
        }
        return self.page("review/insights/insights.html", context)

    @property
    def days(self) -> int:
        given = self.request.GET.get("days", "")
        return int(given) if given.isdigit() and int(given[:4]) in RANGES else USUAL_RANGE

    @property
    def address(self) -> str:
        return f"days={self.days}" + (f"&queue={self.chosen.slug}" if self.chosen else "")

    @cached_property
    def queues(self) -> list[ReviewQueue]:
        return list(ReviewQueue.objects.filter(memberships__user=self.request.user))

    @cached_property
    def chosen(self) -> ReviewQueue | None:
        """The one queue that is asked for, if this person belongs to it; none: all of theirs."""
        slug = self.request.GET.get("queue", "")
        return next((queue for queue in self.queues if queue.slug == slug), None)

    def figures(self) -> list[Figure]:
        span = span_of(now().date(), self.days)
        queues = [self.chosen] if self.chosen else self.queues
        # What has no queue, as an opened circuit, is for those who look after the whole.
        seen = DailyCount.objects.seen_in(queues, whole=self.request.user.is_staff and self.chosen is None)
        rows = seen.by_period(span.periods[0], "week" if span.weekly else "day")
        return figures(Reader(gathered(rows), span), DailyCount.objects.open_in(queues))


class FigureView(InsightsView):
    """The numbers of one chart."""

    def get(self, request: HttpRequest, slug: str = "") -> HttpResponse:
        figure = next((figure for figure in self.figures() if figure.slug == slug), None)
        if figure is None:
            raise Http404
        answer = HttpResponse(content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{slug}-{now().date()}.csv"'
        sheet = csv.writer(answer)
        sheet.writerow(["day", *map(_harmless, figure.names)])
        for day, values in figure.rows:
            sheet.writerow([_iso(day), *("" if value is None else value for value in values)])
        return answer


def _iso(day: date) -> str:
    return day.isoformat()


def _harmless(name: str) -> str:
    # A label that came from an agent must not be a formula where the file is opened.
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t", "\r") else name
