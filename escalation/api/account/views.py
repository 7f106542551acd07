"""The account page: how a person signs in, hears of things, and lets scripts review in their name."""

from __future__ import annotations

from typing import cast

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.views import View

from escalation.access.confirming import confirm_first, is_confirmed
from escalation.access.models import Session
from escalation.access.second_factor import codes_left
from escalation.api.account.forms import TokenForm
from escalation.api.models import OVERLAP, Scope, Token, TokenQuerySet
from escalation.delivery.forms import ChannelForm
from escalation.delivery.models import Channel

SHOWN = 50


class AccountView(LoginRequiredMixin, View):
    """What concerns the person who signed in, and nobody else: of another's tokens there are none here."""

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    def tokens(self) -> TokenQuerySet:
        return Token.objects.filter(reviewer=self.user)

    def page(
        self, form: TokenForm, *, made: str = "", status: int = 200, channel_form: ChannelForm | None = None
    ) -> HttpResponse:
        """The whole page; `made` is a token that nobody will see again."""
        tokens = self.tokens().select_related("successor").order_by("-pk")[:SHOWN]
        context = {
            "form": form,
            "tokens": tokens,
            "made": made,
            "channels": Channel.objects.filter(user=self.user).order_by("pk")[:SHOWN],
            "channel_form": channel_form or ChannelForm(owner=self.user),
            "may_make": self.user.has_perm("queue.review"),
            "sessions": Session.objects.of(self.user)[:SHOWN],
            "this_session": self.request.session.session_key,
            "second_factor": is_mfa_enabled(self.user),
            "codes_left": codes_left(self.user),
            "shows_secrets": is_confirmed(self.request),
        }
        answer = render(self.request, "account/account.html", context, status=status)
        add_never_cache_headers(answer)
        return answer


class Account(AccountView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(TokenForm())


@method_decorator(confirm_first, name="post")
class Tokens(PermissionRequiredMixin, AccountView):
    """To POST is to make one."""

    permission_required = "queue.review"

    def post(self, request: HttpRequest) -> HttpResponse:
        form = TokenForm(request.POST)
        if not form.is_valid():
            return self.page(form, status=422)
        name, scopes = form.cleaned_data["name"], [Scope.REVIEW]
        _, made = Token.objects.issue(reviewer=self.user, scopes=scopes, name=name, lifetime=form.lifetime)
        return self.page(TokenForm(), made=made)


@method_decorator(confirm_first, name="post")
class Rotation(PermissionRequiredMixin, AccountView):
    """To POST is to put a new token in its place."""

    permission_required = "queue.review"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        rotated = self.tokens().rotate(pk, overlap=OVERLAP)
        if rotated is None:
            raise Http404
        return self.page(TokenForm(), made=rotated[1])


class Revocation(AccountView):
    """To POST is to end it. Whoever may review no more may still do this."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponseRedirect:
        get_object_or_404(self.tokens(), pk=pk).revoke()
        return redirect("account:account")
