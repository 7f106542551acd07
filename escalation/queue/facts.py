"""How the admin shows what is on record: whoever has the permission reads it, and nobody changes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from escalation.queue.legible import LONGEST, legible

Column = str | Callable[[Any], Any]


class Unchangeable:
    """No row is added, changed or deleted by hand: not by a superuser either."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class FactAdmin(Unchangeable, admin.ModelAdmin[Any]):
    """A read-only list, and a page with every field of a row but `hidden` ones; JSON laid out, escaped."""

    hidden: Sequence[str] = ()
    show_full_result_count = False
    list_per_page = 50

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        fields = [field for field in self.opts.concrete_fields if field.name not in self.hidden]
        return [as_json(field) if isinstance(field, models.JSONField) else field.name for field in fields]

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        return self.get_fields(request, obj)


class FactInline(Unchangeable, admin.TabularInline[Any, Any]):
    """Rows on record, on the page of what they belong to."""

    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = True


def actor_of(request: HttpRequest) -> User:
    """Who asks: the admin lets nobody in who has not signed in."""
    assert isinstance(request.user, User)
    return request.user


def as_json(field: models.JSONField[Any]) -> Callable[[models.Model], str]:
    """A column that lays out a JSON field."""

    @admin.display(description=field.verbose_name.capitalize())
    def column(row: models.Model) -> str:
        return laid_out(field.value_from_object(row))

    return column


def laid_out(value: Any) -> SafeString | str:
    """JSON over several lines, escaped; a dash for none."""
    if value is None:
        return "-"
    if not value or not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    text = legible(value)
    left_out = f"… {len(text) - LONGEST:,} more characters" if len(text) > LONGEST else ""
    return format_html('<pre class="json" tabindex="0">{}{}</pre>', text[:LONGEST], left_out)
