"""Is it still the person who signed in? Asked before what a stranger at an open browser must not do."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar

from allauth.core import ratelimit
from allauth.mfa.base.forms import ReauthenticateForm
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

ANSWER = "confirm_with"
View = TypeVar("View", bound=Callable[..., Any])


def note_confirmed(request: HttpRequest) -> None:
    request.session["confirmed_at"] = time.time()


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the person showed who they are within the last `CONFIRM_EVERY`."""
    age = time.time() - request.session.get("confirmed_at", 0)
    return bool(age < settings.CONFIRM_EVERY.total_seconds())


def undelayed(when: Callable[[HttpRequest], bool]) -> Callable[[View], View]:
    """Mark a view whose POSTs are never held up, `when` that holds of the request: stops, above all."""

    def mark(view: View) -> View:
        view.undelayed = when  # type: ignore[attr-defined]
        return view

    return mark


def always(request: HttpRequest) -> bool:
    return True


def confirm_first(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Ask who is there before a POST, unless they showed it lately.

    What was posted comes along in the page that asks, and is posted again with the answer: nothing is lost.
    """
    never = getattr(view, "undelayed", None)

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST" or is_confirmed(request) or (never and never(request)):
            return view(request, *args, **kwargs)
        form = ConfirmForm(request)
        if not form.is_valid():
            return ask(request, form)
        note_confirmed(request)
        return view(request, *args, **kwargs)

    return asked


class ConfirmForm(forms.Form):
    """The person's password; of whoever has a second factor, a code of it."""

    confirm_with = forms.CharField(strip=False)

    def __init__(self, request: HttpRequest) -> None:
        assert isinstance(request.user, User)
        super().__init__(request.POST if ANSWER in request.POST else None)
        self.request, self.user = request, request.user
        self.with_code = is_mfa_enabled(self.user)
        self.with_password = not self.with_code and self.user.has_usable_password()

    def clean_confirm_with(self) -> str:
        said: str = self.cleaned_data[ANSWER]
        if not ratelimit.consume(self.request, action="reauthenticate", user=self.user):
            raise ValidationError("Too many tries. Wait a minute.")
        if self.with_code:
            code = ReauthenticateForm({"code": said}, user=self.user)
            if not code.is_valid():
                raise ValidationError(code.errors["code"])
            code.save()
        elif not self.user.check_password(said):
            raise ValidationError("This is not your password.")
        return said


def ask(request: HttpRequest, form: ConfirmForm) -> HttpResponse:
    """The page that asks, around what was posted; 202, since that is neither refused nor done yet."""
    typed = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in (ANSWER, "csrfmiddlewaretoken")
        for value in values
    ]
    context = {"form": form, "typed": typed, "provider": settings.OIDC_NAME}
    status = HTTPStatus.ACCEPTED if request.method == "POST" else HTTPStatus.OK
    answer = render(request, "account/confirm.html", context, status=status)
    add_never_cache_headers(answer)
    return answer
