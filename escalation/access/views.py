"""What a person does about their own sessions and password."""

from __future__ import annotations

from typing import cast

from allauth.account.utils import get_next_redirect_url
from allauth.core import ratelimit
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.views import View

from escalation.access.confirming import ConfirmForm, ask, is_confirmed, note_confirmed
from escalation.access.models import Session


def too_many_tries(request: HttpRequest) -> HttpResponse:
    answer = render(request, "429.html", status=429)
    answer["Retry-After"] = "60"
    return answer


class MyView(LoginRequiredMixin, View):
    @property
    def user(self) -> User:
        return cast(User, self.request.user)


class Sessions(MyView):
    """To POST is to end all but the one in which it is asked."""

    def post(self, request: HttpRequest) -> HttpResponseBase:
        Session.objects.of(self.user).besides(request.session.session_key).end()
        return redirect("account:account")


class SessionEnd(MyView):
    """To POST is to sign out there."""

    def post(self, request: HttpRequest, name: str) -> HttpResponseBase:
        mine = Session.objects.of(self.user)
        found = next((session for session in mine if session.name == name), None)
        if found is None:
            raise Http404
        mine.filter(pk=found.pk).end()
        return redirect("account:account")


class Password(MyView):
    """To POST is to have another one, and to be signed out everywhere else."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(PasswordChangeForm(self.user))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        if not ratelimit.consume(request, action="change_password", user=self.user):
            return too_many_tries(request)
        form = PasswordChangeForm(self.user, request.POST)
        if not form.is_valid():
            return self._page(form, status=422)
        update_session_auth_hash(request, form.save())
        note_confirmed(request)
        Session.objects.of(self.user).besides(request.session.session_key).end()
        return redirect("account:account")

    def _page(self, form: PasswordChangeForm, status: int = 200) -> HttpResponse:
        answer = render(self.request, "account/password.html", {"form": form}, status=status)
        add_never_cache_headers(answer)
        return answer


class Confirmation(MyView):
    """Where a person shows again who they are, when nothing else waits for it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if is_confirmed(request):
            return self._done(request)
        return ask(request, ConfirmForm(request))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        form = ConfirmForm(request)
        if not form.is_valid():
            return ask(request, form)
        note_confirmed(request)
        return self._done(request)

    def _done(self, request: HttpRequest) -> HttpResponse:
        came_for = get_next_redirect_url(request)
        return redirect(came_for) if came_for else render(request, "account/confirmed.html")
