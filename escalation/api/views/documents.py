from __future__ import annotations

from drf_spectacular.views import SpectacularSwaggerSplitView


class Docs(SpectacularSwaggerSplitView):
    """The interactive documentation; its script is a request of its own, so that the strict CSP holds."""

    authentication_classes = ()
    template_name = "api/docs.html"
