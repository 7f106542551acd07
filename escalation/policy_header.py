"""The same strict Content-Security-Policy on every answer."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Answer = Callable[[HttpRequest], HttpResponseBase]


def content_security_policy(get_response: Answer) -> Answer:
    """Middleware: no answer is without `settings.CONTENT_SECURITY_POLICY`."""

    def answered(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        # Django's own pages about an error, on a developer's machine, have their styles and scripts inside.
        if not (settings.DEBUG and response.status_code in (404, 500)):
            response.headers["Content-Security-Policy"] = settings.CONTENT_SECURITY_POLICY
        return response

    return answered
