"""What every page of the browser door does: who may enter, and whether they get a page or a fragment."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views import View
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from escalation.review.keys import as_data, by_place
from escalation.review.own_keys import OwnKeys


class ReviewerRequest(HttpRequest):
    """A request as the views see it: a person has signed in, and htmx may have sent it."""

    user: User
    htmx: HtmxDetails


class ReviewerView(View):
    """A page that only somebody who signed in may see."""

    request: ReviewerRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self._to_login()
        # A plain form can only POST: it names the verb that it means.
        if request.method == "POST" and request.POST.get("_method") == "delete":
            request.method = "DELETE"
        return super().dispatch(request, *args, **kwargs)

    def page(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """Render the same template as a whole page, or as what htmx puts into it."""
        layout = "review/_fragment.html" if self.request.htmx else "base.html"
        keys = {} if self.request.htmx else self._keys()
        response = render(self.request, template, {"layout": layout, **keys, **context}, status=status)
        # One address, two bodies: neither may be kept and shown as the other.
        patch_vary_headers(response, ["HX-Request"])
        response["Cache-Control"] = "no-store"
        return response

    def _keys(self) -> dict[str, Any]:
        own = OwnKeys.of(self.request.user)
        return {"key_sheet": by_place(own.changes), "key_data": as_data(own.changes, are_on=own.are_on)}

    def _to_login(self) -> HttpResponse:
        if self.request.htmx:
            login = redirect_to_login(self.request.htmx.current_url_abs_path or "/")
            return HttpResponseClientRedirect(login.url)
        return redirect_to_login(self.request.get_full_path())
