"""The OpenAPI document: what each operation takes and gives, in the shapes that the code itself uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from escalation.api.problems import MEDIA_TYPE, Problem

Operation = TypeVar("Operation", bound=Callable[..., Any])

ALWAYS = (400, 401, 403, 429, 503)
WITH_BODY = (411, 413, 415)
# What the web server says of an address or of headers that are too long; nothing of ours has seen them.
BEFORE_US = (414, 431)
ID = OpenApiParameter("id", {"type": "integer", "minimum": 1, "maximum": 2**53}, OpenApiParameter.PATH)
SLUG = OpenApiParameter(
    "slug", {"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,100}$"}, OpenApiParameter.PATH
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="The same key with the same body gets the first answer again; with another body, 422.",
)
REPLAYED = OpenApiParameter(
    "Idempotent-Replayed", {"type": "string", "const": "true"}, OpenApiParameter.HEADER, response=[200]
)
LOCATION = OpenApiParameter(
    "Location", {"type": "string", "format": "uri"}, OpenApiParameter.HEADER, required=True, response=[201]
)

RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    {"type": "integer", "minimum": 0},
    OpenApiParameter.HEADER,
    description="In how many seconds the same request may succeed.",
    response=[429, 503],
)


def operation(
    summary: str,
    *,
    takes: type[msgspec.Struct] | None = None,
    query: type[msgspec.Struct] | None = None,
    gives: Mapping[int, type[msgspec.Struct] | None],
    streams: Mapping[str, dict[str, Any]] | None = None,
    refuses: Sequence[int] = (),
    parameters: Sequence[OpenApiParameter] = (),
) -> Callable[[Operation], Operation]:
    """Document a view's method; the statuses that every operation can answer are added.

    `streams`: files that it may answer instead, by media type, each with its JSON Schema.
    """
    statuses = sorted({*ALWAYS, *(WITH_BODY if takes else ()), *refuses})
    responses: dict[Any, Any] = {
        status: OpenApiResponse(shape, _phrase(status)) for status, shape in gives.items()
    }
    responses |= {
        (200, media): OpenApiResponse(schema, _phrase(200)) for media, schema in (streams or {}).items()
    }
    responses |= {(status, MEDIA_TYPE): OpenApiResponse(Problem, _phrase(status)) for status in statuses}
    page = {"type": "string"}
    responses |= {(status, "text/html"): OpenApiResponse(page, _phrase(status)) for status in BEFORE_US}
    return extend_schema(
        summary=summary,
        request={"application/json": takes} if takes else None,
        responses=responses,
        parameters=[*parameters, RETRY_AFTER, *(_query_parameters(query) if query else ())],
    )


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase


def _query_parameters(shape: type[msgspec.Struct]) -> list[OpenApiParameter]:
    schema = msgspec.json.schema(shape)["$defs"][shape.__name__]
    return [
        OpenApiParameter(name, kind, OpenApiParameter.QUERY) for name, kind in schema["properties"].items()
    ]


class ApiSchema(AutoSchema):
    """drf-spectacular's description of a view."""

    def get_operation_id(self) -> str:
        return f"{self.view.__class__.__name__}_{self.method.lower()}"

    def get_description(self) -> str:  # type: ignore[override]
        # The docstrings are about the code; the summary says what the caller needs.
        return ""

    def _get_serializer_name(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> str:
        # drf-spectacular would take our field `partial` for a serializer's flag, and rename the shape.
        return str(serializer.__name__)

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> tuple[Any, bool]:
        # An empty body is no JSON object, also where every field has a default.
        schema, _ = super()._get_request_for_media_type(serializer, direction)  # type: ignore[no-untyped-call]
        return schema, True

    def get_tags(self) -> list[str]:
        tag: str = getattr(self.view, "tag", "")
        return [tag]


class _ShapesInDocument(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Shapes describe themselves: msgspec writes their JSON Schema."""

    target_class = "msgspec.Struct"
    match_subclasses = True

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        return str(self.target.__name__)

    def get_identity(self, auto_schema: Any, direction: Any) -> str:
        return str(self.target.__name__)

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        _, schemas = msgspec.json.schema_components([self.target], ref_template="#/components/schemas/{name}")
        own: dict[str, Any] = schemas.pop(self.target.__name__)
        for name, schema in schemas.items():
            component = ResolvedComponent(name, ResolvedComponent.SCHEMA, schema, object=name)  # type: ignore[no-untyped-call]
            auto_schema.registry.register_on_missing(component)
        return own | getattr(self.target, "also", {})
