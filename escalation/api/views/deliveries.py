"""What an agent was told by webhook, and how it has that told again."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.api.documentation import operation
from escalation.api.pages import Cursor, DeliveryPage, Limit, counted, link, page
from escalation.api.shapes.deliveries import DeliveryOut, DeliveryStatus, RedeliveryIn, RedeliveryOut
from escalation.api.validation import read, read_query
from escalation.api.views.base import AgentView
from escalation.delivery.models import Delivery
from escalation.delivery.models.outbox import DeliveryQuerySet


class DeliveryQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """What of the list to show; `cursor` comes from `next` and `previous`."""

    status: DeliveryStatus | UnsetType = UNSET
    limit: Limit = 50
    cursor: Cursor | UnsetType = UNSET
    total: bool = False


class DeliveriesView(AgentView):
    tag = "deliveries"
    scopes = dict.fromkeys(("GET", "POST"), ("escalations",))

    def told(self) -> DeliveryQuerySet:
        return Delivery.objects.of_agent(self.agent_caller.agent.slug).known()


class Deliveries(DeliveriesView):
    @operation(
        "List the webhooks to your endpoints and callback URLs, newest first",
        query=DeliveryQuery,
        gives={200: DeliveryPage},
    )
    def get(self, request: Request) -> Response:
        query = read_query(DeliveryQuery, request.query_params)
        rows, line = self.told(), Delivery.objects.all()
        if query.status:
            rows, line = rows.filter(status=query.status), line.filter(status=query.status)
        shown, older, newer = page(rows.defer("payload"), query.cursor or "", query.limit, line)
        return Response(
            DeliveryPage(
                results=[DeliveryOut.of(row) for row in shown],
                next=link(request.path, request.query_params, older),
                previous=link(request.path, request.query_params, newer),
                total=counted(rows) if query.total else UNSET,
            )
        )


class Redeliveries(DeliveriesView):
    @operation("Send dead webhooks again", takes=RedeliveryIn, gives={200: RedeliveryOut})
    def post(self, request: Request) -> Response:
        body = read(RedeliveryIn, self.body)
        rows = self.told().filter(status=Delivery.Status.DEAD)
        if body.deliveries is not UNSET:
            rows = rows.filter(pk__in=body.deliveries)
        if body.since is not UNSET:
            rows = rows.filter(created_at__gte=body.since)
        if body.until is not UNSET:
            rows = rows.filter(created_at__lt=body.until)
        return Response(RedeliveryOut(rows.redeliver()))
