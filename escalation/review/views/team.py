"""What people do with an escalation among themselves; nothing of it reaches the agent."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from escalation.queue.models import Escalation, Note, ReviewQueue, Watch
from escalation.review.page import EscalationPage
from escalation.review.said import Said
from escalation.review.typed import TextField
from escalation.review.views.desk import DeskView


class TeamView(DeskView):
    """Answers with the part of the page that has changed, so that what is being typed beside it stays."""

    def part(self, template: str, escalation: Escalation) -> HttpResponse:
        if not self.request.htmx:
            return redirect(self.address_of(escalation))
        page = EscalationPage(escalation, self.request.user)
        return self.page(template, {"escalation": escalation, "page": page})


class NotesView(TeamView):
    """What colleagues say to each other about one escalation."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        escalation = self.escalation(pk)
        text = TextField(max_length=10_000).clean(request.POST.get("text", "").strip())
        Note.objects.write(escalation, self.request.user, text)
        return self.part("review/_notes.html", escalation)


class WatchView(TeamView):
    """Whether somebody keeps one escalation in sight."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        escalation = self.escalation(pk)
        Watch.objects.start(escalation, self.request.user)
        return self.part("review/_watch.html", escalation)

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        escalation = self.escalation(pk)
        Watch.objects.stop(escalation, self.request.user)
        return self.part("review/_watch.html", escalation)


class PlaceView(DeskView):
    """In which line an escalation waits, or with whom it is."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        escalation = self.escalation(pk, to_decide=True)
        where, _, name = request.POST.get("to", "").partition(":")
        if where == "person":
            escalation.hand_to(self.request.user, get_object_or_404(User, username=name))
        else:
            escalation.move_to(self.request.user, get_object_or_404(ReviewQueue, slug=name))
        return self.go_on(Said(escalation.pk, escalation.title, f"Moved to {name}:", 0))
