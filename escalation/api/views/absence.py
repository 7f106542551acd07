from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from escalation.api.views.base import ApiView


@extend_schema(exclude=True)
class NothingHere(ApiView):
    """Every other path under /api/: 404 in the API's own words, for everyone."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        hint = "" if request.path.endswith("/") else " Paths end in a slash."
        raise Http404(f"There is nothing at {request.path}.{hint}")
