"""The reviewer's way through the line: what they may see, what comes next, and where a move leads."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from django_htmx.http import push_url

from escalation.queue.models import Decision, Escalation
from escalation.review.bulk import bulk_forms
from escalation.review.filters import STREAM, QueueFilter
from escalation.review.line import (
    Page,
    chosen_queues,
    codes_here,
    in_queues,
    queues_of,
    read_page,
    why_empty,
)
from escalation.review.page import EscalationPage
from escalation.review.people import may_lead, may_review
from escalation.review.rows import as_shown
from escalation.review.said import Said, said
from escalation.review.views.door import ReviewerView

SLUG = re.compile(r"[-\w]{1,100}", re.ASCII)


class DeskView(ReviewerView):
    """A view that shows the queue or one escalation, or leads from one to the next."""

    def escalation(self, pk: int, *, to_decide: bool = False, to_lead: bool = False) -> Escalation:
        """Load what this person may see, or 404; refuse (403) who may not do what it is loaded for."""
        row = Escalation.objects.visible_to(self.request.user).filter(pk=pk)
        whole = row.select_related("queue", "claimed_by", "decision__reviewer", "decision__label")
        beside = whole.annotate(viewer_role=F("queue__memberships__role"), codes=codes_here())
        escalation = get_object_or_404(beside)
        escalation.queue.codes = vars(escalation)["codes"]
        if to_decide and not may_review(self.request.user, escalation):
            raise PermissionDenied("You may look at this queue, but not decide in it.")
        if to_lead and not may_lead(self.request.user, escalation):
            raise PermissionDenied("Only a lead takes what somebody else holds.")
        return escalation

    def next_one(self, *, ahead: bool = False) -> Escalation | None:
        """Claim the most urgent escalation of the stream that this person is in."""
        return Escalation.objects.claim_next(self.request.user, ahead=ahead, **self.stream)

    def go_on(self, told: Said | None = None) -> HttpResponse:
        """Lead to the next one; a page that shows it already is only told what was done behind it."""
        if "behind" in self.request.POST:
            return self.page("review/told.html", {"told": told, "stream": self.stream})
        return self.go_to(self.next_one(), told)

    def give_back_left(self) -> None:
        """Release what the person was looking at before they moved on, if they still hold it."""
        leaving = self.request.POST.get("leaving", "")
        if re.fullmatch(r"\d{1,18}", leaving, re.ASCII):
            self.give_back(int(leaving))

    def give_back(self, pk: int, **state: Any) -> None:
        """Release an escalation if the person still holds it, and in this state."""
        held = Escalation.objects.filter(Escalation.held_by(self.request.user), pk=pk, **state).first()
        if held:
            held.release(self.request.user)

    @property
    def stream(self) -> dict[str, str]:
        """The filters that a stream of claims was started with, and keeps to."""
        given = self.request.POST or self.request.GET
        return {name: value for name in STREAM if (value := given.get(name, "")) and SLUG.fullmatch(value)}

    def go_to(self, escalation: Escalation | None, told: Said | None = None) -> HttpResponse:
        """Lead to an escalation, or to the queue when there is none: at once with htmx, else by redirect."""
        if not self.request.htmx:
            decided = {"decided": str(told.pk)} if told and told.undo_seconds else {}
            return HttpResponseRedirect(self.address_of(escalation, **decided))
        shown = self.show_escalation(escalation, told=told) if escalation else self.show_queue(told=told)
        return push_url(shown, self.address_of(escalation))

    def address_of(self, escalation: Escalation | None, **more: str) -> str:
        """Where an escalation is in the stream that this person is in; of none, the queue."""
        path = reverse("review:escalation", args=[escalation.pk]) if escalation else reverse("review:queue")
        query = urlencode(self.stream | more)
        return f"{path}?{query}" if query else path

    def show_escalation(
        self,
        escalation: Escalation,
        *,
        typed: QueryDict | None = None,
        refused: str = "",
        told: Said | None = None,
        status: int = 200,
    ) -> HttpResponse:
        page = EscalationPage(escalation, self.request.user, typed)
        facts = {"page": page, "escalation": escalation, "refused": refused, "told": told or self._named()}
        facts |= {"stream": self.stream, "address": self.address_of(escalation)}
        return self.page("review/escalation.html", facts, status)

    def show_queue(
        self,
        data: QueryDict | None = None,
        told: Said | None = None,
        status: int = 200,
        **more: Any,
    ) -> HttpResponse:
        given = data if data is not None else QueryDict(urlencode(self.stream))
        queues = queues_of(self.request.user)
        filters = QueueFilter(given, queryset=in_queues(queues, self.request.user), request=self.request)
        listed = read_page(filters, queues, given.get("after", ""))
        facts = {"filters": filters, "queues": queues, "list": listed, "all_held": self._all_held(listed)}
        facts["rows"] = as_shown(
            listed.escalations, self.request.user, folds=filters.folds, chosen=more.get("chosen", ())
        )
        emptiness = {} if listed.escalations else why_empty(queues, filters)
        facts |= {"stream": self.stream, "told": told or self._named()}
        facts |= {"bulk_forms": bulk_forms(chosen_queues(queues, filters.queue_slug))}
        return self.page("review/queue.html", {**facts, **emptiness, **more}, status)

    def _all_held(self, page: Page) -> bool:
        held_by_others = [row.holds and row.claimed_by != self.request.user for row in page.escalations]
        return bool(held_by_others) and all(held_by_others)

    def _named(self) -> Said | None:
        # After a redirect, the address names what was decided.
        named = self.request.GET.get("decided", "")
        if not re.fullmatch(r"\d{1,18}", named, re.ASCII):
            return None
        mine = Decision.objects.select_related("escalation").filter(reviewer=self.request.user)
        decided = mine.filter(standing_for=int(named)).first()
        return said(decided) if decided else None
