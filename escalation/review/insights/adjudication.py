"""The page on the quality of decisions, for leads; and a lead's word where two reviewers differ."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect

from escalation.queue.models import Check, Decision, Membership, Reason
from escalation.review.insights.forms import SettleForm
from escalation.review.insights.quality import Decided, Look, qualities
from escalation.review.views.door import ReviewerView

LEADING = (Membership.Role.LEAD, Membership.Role.OPS)
# The newest of each are looked at: what people did a year ago says little of them.
MOST_LOOKS, MOST_DECISIONS, MOST_DISPUTED = 2_000, 5_000, 30


class QualityView(ReviewerView):
    """What leads may know of how their reviewers decide."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(SettleForm())

    def show(self, form: SettleForm, status: int = 200) -> HttpResponse:
        queues = Membership.objects.filter(user=self.request.user, role__in=LEADING).values_list("queue")
        if not queues.exists():
            raise PermissionDenied("This page is for leads and ops of a review queue.")
        # What waits has no decision, and would be walked first: nothing sorts behind the newest.
        standing = {"standing_for__queue__in": queues, "standing_for__decision__isnull": False}
        decided = Decision.objects.filter(**standing).order_by("-pk")
        columns = ("standing_for__queue__name", "reviewer__username", "verdict", "seconds_spent")
        said: list[Decided] = list(decided.values_list(*columns)[:MOST_DECISIONS])[::-1]
        mine = Check.objects.led_by(self.request.user)
        looks = [look_of(check) for check in mine.done().order_by("-pk")[:MOST_LOOKS]]
        context = {
            "qualities": qualities(looks, said),
            "disputed": mine.disputed().order_by("-pk")[:MOST_DISPUTED],
            "form": form,
        }
        return self.page("review/insights/quality.html", context, status)


class SettlementView(QualityView):
    """A lead's word on which of two verdicts stands."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse | HttpResponseRedirect:
        check = get_object_or_404(Check.objects.led_by(self.request.user).disputed(), pk=pk)
        form = SettleForm(request.POST)
        if not form.is_valid():
            return self.show(form, status=422)
        check.settle(self.request.user, **form.cleaned_data)
        return redirect("review:quality")


def look_of(check: Check) -> Look:
    """A check that both have judged, as the statistics need it."""
    second = check.escalation.decision
    assert second  # done() is of those alone
    return Look(
        queue=check.escalation.queue.name,
        first=check.first.reviewer.get_username(),
        first_verdict=check.first.verdict,
        second=second.reviewer.get_username(),
        second_verdict=second.verdict,
        gold=check.escalation.reason == Reason.GOLD,
    )
