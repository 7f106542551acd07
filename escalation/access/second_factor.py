"""A second factor beside the password: made, replaced and given up by its owner. The codes are shown once."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.flows import generate_recovery_codes
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.flows import activate_totp, deactivate_totp
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.views import View

from escalation.access.confirming import confirm_first


def lacks_one(user: User | AnonymousUser) -> bool:
    """Whether this person must make a second factor before they may enter the admin."""
    return settings.SECOND_FACTOR_FOR_STAFF and user.is_staff and not is_mfa_enabled(user)


def reset(user: User) -> int:
    """Take away the second factor and its recovery codes of a person who lost them; returns how many rows."""
    removed: int = Authenticator.objects.filter(user=user).delete()[0]
    return removed


@method_decorator(confirm_first, name="post")
class SecondFactor(LoginRequiredMixin, View):
    """To POST a code of the new one is to have it from now on."""

    def get(self, request: HttpRequest) -> HttpResponse:
        form = None if is_mfa_enabled(request.user) else ActivateTOTPForm(user=request.user)
        return show(request, form)

    def post(self, request: HttpRequest) -> HttpResponse:
        if is_mfa_enabled(request.user):
            return redirect("second_factor")
        form = ActivateTOTPForm(request.POST, user=request.user)
        if not form.is_valid():
            return show(request, form, status=422)
        _, codes = activate_totp(request, form)
        return show(request, None, codes=codes)


@method_decorator(confirm_first, name="post")
class Removal(LoginRequiredMixin, View):
    """To POST is to do without."""

    def post(self, request: HttpRequest) -> HttpResponseBase:
        mine = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.TOTP)
        deactivate_totp(request, get_object_or_404(mine))
        return redirect("second_factor")


@method_decorator(confirm_first, name="post")
class RecoveryCodes(LoginRequiredMixin, View):
    """To POST is to have new ones; the old ones end."""

    def post(self, request: HttpRequest) -> HttpResponseBase:
        if not is_mfa_enabled(request.user):
            return redirect("second_factor")
        return show(request, None, codes=generate_recovery_codes(request))


def show(
    request: HttpRequest, form: Any, *, codes: Authenticator | None = None, status: int = 200
) -> HttpResponse:
    """The page: the way to a second factor, or what there is; `codes` are shown in this answer alone."""
    context: dict[str, Any] = {
        "form": form,
        "codes": codes.wrap().get_unused_codes() if codes else None,
        "left": codes_left(request.user),
        "required": lacks_one(request.user),
        "next": get_next_redirect_url(request) or "",
    }
    if form:
        url = get_adapter().build_totp_url(request.user, form.secret)
        drawn = b64encode(get_adapter().build_totp_svg(url).encode()).decode()
        context |= {"secret": form.secret, "qr": f"data:image/svg+xml;base64,{drawn}"}
    answer = render(request, "account/second_factor.html", context, status=status)
    add_never_cache_headers(answer)
    return answer


def codes_left(user: User | AnonymousUser) -> int:
    """How many recovery codes this person has not used."""
    row = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    return len(row.wrap().get_unused_codes()) if row else 0
