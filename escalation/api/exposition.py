"""/metrics: what Prometheus reads, computed from the database each time it asks."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from escalation.metrics import all_metrics

# Whatever came through a proxy carries one of these: then the nearest address says nothing about who asks.
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO",
             "HTTP_X_REAL_IP", "HTTP_VIA")  # fmt: skip
HINT = "Set METRICS_TOKEN and present it as a bearer token, or ask from the machine itself.\n"


def metrics(request: HttpRequest) -> HttpResponse:
    """The gauges of every app in Prometheus's text format; 401 or 403 to those who may not read them."""
    if settings.METRICS_TOKEN:
        if not _presents(request, settings.METRICS_TOKEN):
            headers = {"WWW-Authenticate": 'Bearer realm="otherwise metrics"'}
            return HttpResponse(HINT, status=401, content_type="text/plain", headers=headers)
    elif not _is_from_this_machine(request):
        return HttpResponse(HINT, status=403, content_type="text/plain")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Reading())
    return HttpResponse(
        generate_latest(registry),
        content_type=CONTENT_TYPE_PLAIN_0_0_4,
        headers={"Cache-Control": "no-store"},
    )


def _presents(request: HttpRequest, token: str) -> bool:
    scheme, _, presented = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    # As bytes: compare_digest takes no text beyond ASCII.
    return scheme.lower() == "bearer" and hmac.compare_digest(presented.strip().encode(), token.encode())


def _is_from_this_machine(request: HttpRequest) -> bool:
    # A proxy on this machine is not its clients: where one is known, nobody is taken for local.
    if settings.SECURE_PROXY_SSL_HEADER or any(name in request.META for name in FORWARDED):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class _Reading(Collector):
    """One reading of all metrics; one that does not come in time is named, and the others stay."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        missed = GaugeMetricFamily(
            "otherwise_metric_missed", "1 for a metric that could not be read in time.", labels=["metric"]
        )
        for metric in all_metrics():
            family = GaugeMetricFamily(metric.name, metric.says, labels=metric.labels)
            samples = metric.read()
            if samples is None:
                missed.add_metric([metric.name], 1)
                continue
            for *labels, value in samples:
                family.add_metric([str(label) for label in labels], float(value))
            yield family
        yield missed
