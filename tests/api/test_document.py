"""The OpenAPI document is written, current, and readable by everyone."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

WRITTEN = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


def test_the_written_document_is_that_of_the_code() -> None:
    document = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=document)

    assert document.getvalue() == WRITTEN.read_text(), (
        "Run: manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml"
    )


@pytest.mark.parametrize("format", ["json", "yaml"])
def test_it_is_served_to_everyone(format: str) -> None:
    answer: Any = Client().get("/api/v1/schema/", {"format": format})

    assert answer.status_code == 200
    assert "/api/v1/escalations/{id}/receipt/" in answer.text


def test_every_operation_names_its_problems() -> None:
    document: Any = Client().get("/api/v1/schema/", {"format": "json"}).json()

    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) > 10
    assert all({"400", "401", "403", "503"} <= set(operation["responses"]) for operation in operations)
    assert all(operation["summary"] and operation["security"] for operation in operations)
