"""What humans' decisions taught, for whoever tunes, trains or audits: in pages, or as one file."""

from __future__ import annotations

from typing import Literal

from django.http import StreamingHttpResponse
from msgspec import UNSET, Struct, UnsetType
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.api.authentication import ReviewerSession, TokenAuthentication
from escalation.api.documentation import operation
from escalation.api.exporting import BATCH, FORMATS, started
from escalation.api.pages import Cursor, LabelPage, Limit, counted, link, page
from escalation.api.shapes.fields import Moment, Slug
from escalation.api.shapes.labels import LabelOut
from escalation.api.validation import read_query
from escalation.api.views.base import ApiView
from escalation.tuning.models.label import LabelQuerySet

LABEL_STUDIO_TASK = {"type": "object", "required": ["data", "predictions", "annotations"]}


class LabelFilter(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which labels; `since` is compared with `decided_at`."""

    agent: Slug | UnsetType = UNSET
    gate: Slug | UnsetType = UNSET
    since: Moment | UnsetType = UNSET


class LabelQuery(LabelFilter, kw_only=True, forbid_unknown_fields=True):
    """What of the list to show; `cursor` comes from `next` and `previous`."""

    limit: Limit = 50
    cursor: Cursor | UnsetType = UNSET
    total: bool = False


class ExportQuery(LabelFilter, kw_only=True, forbid_unknown_fields=True):
    """Which labels, and as what: a JSON object a line, a table, or tasks that Label Studio imports."""

    format: Literal["jsonl", "csv", "label-studio"] = "jsonl"


class LabelsView(ApiView):
    tag = "labels"
    scopes = {"GET": ("labels",)}
    authentication_classes = (TokenAuthentication, ReviewerSession)

    def chosen(self, asked: LabelFilter) -> LabelQuerySet:
        """The caller's labels that fit."""
        rows = self.caller.labels().in_effect()
        if asked.agent:
            rows = rows.filter(agent=asked.agent)
        if asked.gate:
            rows = rows.filter(gate=asked.gate)
        return rows.since(asked.since) if asked.since else rows


class Labels(LabelsView):
    @operation("List labels, newest first", query=LabelQuery, gives={200: LabelPage})
    def get(self, request: Request) -> Response:
        query = read_query(LabelQuery, request.query_params)
        rows = self.chosen(query)
        shown, older, newer = page(rows.told(), query.cursor or "", query.limit)
        return Response(
            LabelPage(
                results=[LabelOut.of(row) for row in shown],
                next=link(request.path, request.query_params, older),
                previous=link(request.path, request.query_params, newer),
                total=counted(rows) if query.total else UNSET,
            )
        )


class LabelExport(LabelsView):
    @operation(
        "Download all labels that fit, oldest first",
        query=ExportQuery,
        gives={},
        streams={
            "application/x-ndjson": {"type": "string"},
            "text/csv": {"type": "string"},
            "application/json": {"type": "array", "items": LABEL_STUDIO_TASK},
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        query = read_query(ExportQuery, request.query_params)
        form = FORMATS[query.format]
        rows = form.write(started(self.chosen(query).batches(BATCH)))
        name = f'attachment; filename="labels.{form.ending}"'
        return StreamingHttpResponse(
            rows, content_type=form.media_type, headers={"Content-Disposition": name}
        )
