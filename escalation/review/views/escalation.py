from __future__ import annotations

from django import forms
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from escalation.queue.exceptions import DecisionInvalid
from escalation.review.forms import form_for
from escalation.review.page import SNOOZES, EscalationPage
from escalation.review.said import said, undone
from escalation.review.views.desk import DeskView


class EscalationView(DeskView):
    """One escalation: why it is here, what was asked, what the agent did, and what a human can say."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.show_escalation(self.escalation(pk))


class WholeView(DeskView):
    """One part of an escalation as the agent sent it, for what is too long to be shown."""

    def get(self, request: HttpRequest, pk: int, part: str) -> HttpResponse:
        text = EscalationPage(self.escalation(pk), self.request.user).whole(part)
        if text is None:
            raise Http404
        name = f'attachment; filename="escalation-{pk}-{part}.txt"'
        return HttpResponse(text, "text/plain; charset=utf-8", headers={"Content-Disposition": name})


class ClaimView(DeskView):
    """A reviewer's hold on one escalation."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        escalation = self.escalation(pk, to_decide=True)
        escalation.claim(self.request.user)
        return self.go_to(escalation)

    def put(self, request: HttpRequest, pk: int) -> HttpResponse:
        escalation = self.escalation(pk, to_decide=True)
        escalation.extend(self.request.user)
        page = EscalationPage(escalation, self.request.user)
        return render(request, "review/_lease.html", {"escalation": escalation, "page": page})

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        if "behind" in request.POST:
            # What was claimed ahead may have lapsed, or be on screen elsewhere: then there is nothing to do.
            self.give_back(pk, claimed_ahead=True)
            return HttpResponse(status=204)
        self.escalation(pk, to_decide=True).release(self.request.user)
        return self.go_to(None)


class HolderView(DeskView):
    """Who holds one escalation, as far as a lead may change it."""

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        escalation = self.escalation(pk, to_lead=True)
        holder = get_object_or_404(User, username=request.POST.get("holder", ""))
        escalation.take_from(self.request.user, holder)
        return self.go_to(escalation)


class AheadView(DeskView):
    """What comes after this one: claimed while this one is read, so that it is there at once."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.escalation(pk, to_decide=True).extend(self.request.user)
        following = self.next_one(ahead=True)
        return self.show_escalation(following) if following else HttpResponse(status=204)


class SnoozeView(DeskView):
    """A rest for one escalation: nobody is handed it until the rest is over."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        escalation = self.escalation(pk, to_decide=True)
        rest = forms.TypedChoiceField(choices=SNOOZES, coerce=int).clean(request.POST.get("seconds"))
        escalation.snooze(self.request.user, seconds=rest)
        return self.go_on()


class DecisionView(DeskView):
    """What a human said about one escalation."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        escalation = self.escalation(pk, to_decide=True)
        form = form_for(escalation, request.POST)
        if form is None:
            raise DecisionInvalid(verdict="choose one of the verdicts that are offered")
        if not form.is_valid():
            return self.show_escalation(escalation, typed=request.POST, status=422)
        decision = escalation.decide(self.request.user, **form.decision())
        return self.go_on(said(decision))

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        escalation = self.escalation(pk, to_decide=True)
        escalation.undo(self.request.user)
        self.give_back_left()
        return self.go_to(escalation, undone(escalation))
