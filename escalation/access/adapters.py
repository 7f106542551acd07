"""What allauth does otherwise here: nobody signs up, and who signs in elsewhere must be known here."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from escalation.access.confirming import note_confirmed
from escalation.access.second_factor import lacks_one

UNKNOWN = "Nobody here goes by your account at {}. Ask whoever looks after this installation."
FAILED = "Signing in at {} did not work, or was given up. Nothing was changed; try again."
INACTIVE = "This account is switched off here."


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str) -> bool:
        return False  # `confirm_first` asks

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Pages say what they did; a message would wait for the admin's next page."""

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        return refused(request, INACTIVE)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if lacks_one(user):
            return redirect(f"{reverse('second_factor')}?{urlencode({'next': response['Location']})}")
        return response


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find whose account it is, once; from then on the provider's own name for it (`sub`) counts."""
        if sociallogin.state.get("process") == "redirect":
            # Nobody signs in by this: somebody who has shows again who they are.
            if request.user.is_authenticated and sociallogin.user == request.user:
                note_confirmed(request)
            return
        if sociallogin.is_existing:
            return
        user = known_as(sociallogin)
        if user is None:
            raise ImmediateHttpResponse(refused(request, UNKNOWN.format(settings.OIDC_NAME)))
        sociallogin.connect(request, user)

    def on_authentication_error(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        raise ImmediateHttpResponse(refused(request, FAILED.format(settings.OIDC_NAME)))


def known_as(sociallogin: SocialLogin) -> User | None:
    """The user whom the provider's claims name; made, if `OIDC_CREATE_USERS` says so."""
    told = sociallogin.account.get_provider_account().get_user_data() or {}
    claim = settings.OIDC_CLAIM
    name = str(told.get(claim) or "")
    if not name or (claim == "email" and told.get("email_verified") is not True):
        return None
    # One person, or none: two who share an address are told apart by nobody.
    found = User.objects.filter(**{"email__iexact" if claim == "email" else "username": name})[:2]
    if len(found) == 1:
        return found[0]
    if found or not settings.OIDC_CREATE_USERS or User.objects.filter(username=name).exists():
        return None
    return User.objects.create_user(name, email=name if claim == "email" else "")


def refused(request: HttpRequest, why: str) -> HttpResponse:
    """A page that says why nobody was signed in."""
    return render(request, "registration/refused.html", {"why": why}, status=403)
