"""Whatever an agent sends, its page takes bounded time and space; what is left out can be had whole."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.queue.models import Escalation
from tests.cast import RaiseEscalation

MIB = 1024 * 1024
MOST_HTML = 2 * MIB
MOST_CPU_S = 4.0  # a tenth of it on a machine at rest; what grows with the square takes minutes


def nested(deep: int, value: Any = 0) -> Any:
    for _ in range(deep):
        value = [value]
    return value


BOMBS: dict[str, Callable[[], dict[str, Any]]] = {
    "a megabyte of text": lambda: {"output": "A line of words. " * (MIB // 17)},
    "one endless word": lambda: {"output": "x" * (MIB - 1000)},
    "brackets": lambda: {"output": "[" * 500_000, "explanation": "![](" * 100_000},
    "emphasis": lambda: {"explanation": "*a **" * 12_000, "question": "_`" * 30_000},
    "backticks": lambda: {"explanation": "`" * 60_000 + "a", "question": "~~~\n`a" * 10_000},
    "quotes, escaped to six times their size": lambda: {"explanation": '"' * (MIB - 1000)},
    "hidden characters": lambda: {"explanation": "\u200ba\u200c" * 110_000},
    "deep nesting, again and again": lambda: {"task": [nested(60) for _ in range(8000)]},
    "deep nesting in fields": lambda: {"output": {f"f{at}": [nested(60)] * 200 for at in range(40)}},
    "ten thousand rows": lambda: {"output": [{"part": at, "count": at} for at in range(10_000)]},
    "a table of long cells": lambda: {"task": [{"a": "<" * 1000, "b": at} for at in range(400)]},
    "a hundred thousand steps": lambda: {
        "trace": [{"kind": "tool"}] * 40_000 + [{"error": "e"}] + [0] * 60_000
    },
    "steps of long words": lambda: {"trace": [{"name": "n" * 500, "output": "&" * 500}] * 1000},
    "evidence without end": lambda: {"evidence": [{"title": "t"}] * 60_000},
    "done and missing": lambda: {"completed": ["c"] * 200_000, "missing": ["<"] * 200_000, "partial": True},
    "a long detail": lambda: {"detail": "why " * 200_000},
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_page_is_rendered_in_bounded_time_and_space(
    as_alice: Client, alice: User, an_escalation: RaiseEscalation, bomb: str
) -> None:
    escalation = an_escalation(**BOMBS[bomb]())
    escalation.claim(alice)
    start = time.thread_time()

    page = as_alice.get(f"/escalations/{escalation.pk}/")

    spent = time.thread_time() - start
    assert len(page.content) < MOST_HTML, f"{len(page.content):,} characters of HTML"
    assert spent < MOST_CPU_S, f"{spent:.1f} s of CPU"


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("output", "words " * 50_000),
        ("trace", [{"name": f"step {at}"} for at in range(300)]),
        ("completed", [f"part {at}" for at in range(300)]),
    ],
)
def test_what_is_folded_can_be_had_whole(
    as_alice: Client, an_escalation: RaiseEscalation, part: str, value: Any
) -> None:
    escalation = an_escalation(partial=True, missing=["more"], **{part: value})
    address = f"/escalations/{escalation.pk}/whole/{part}/"
    page = as_alice.get(f"/escalations/{escalation.pk}/").content.decode()

    whole = as_alice.get(address)

    assert address in page
    assert (whole.content.decode() if isinstance(value, str) else json.loads(whole.content)) == value
    assert whole["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(("part", "facts"), [("title", {}), ("trace", {"reason": "audit", "trace": [{}]})])
def test_what_is_no_part_or_is_hidden_is_not_had_whole(
    as_alice: Client, an_escalation: RaiseEscalation, part: str, facts: dict[str, Any]
) -> None:
    escalation = an_escalation(**facts)

    assert as_alice.get(f"/escalations/{escalation.pk}/whole/{part}/").status_code == 404


def test_the_parts_of_others_are_not_had(as_mallory: Client, an_escalation: RaiseEscalation) -> None:
    assert as_mallory.get(f"/escalations/{an_escalation().pk}/whole/output/").status_code == 404


def test_what_is_approved_is_never_cut_off(
    as_alice: Client, alice: User, an_escalation: RaiseEscalation
) -> None:
    action = {"name": "send", "arguments": {"text": "word " * 150_000 + "the end"}}
    escalation = an_escalation(kind="approval", reason="approval_required", action=action)

    page = as_alice.get(f"/escalations/{escalation.pk}/").content.decode()

    assert "the end</span>" in page


def test_the_first_failure_of_a_long_trace_is_shown(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    trace: list[dict[str, Any]] = [{"name": f"step {at}"} for at in range(1000)]
    trace[600]["error"] = "the one that failed"
    escalation: Escalation = an_escalation(trace=trace)

    page = as_alice.get(f"/escalations/{escalation.pk}/").content.decode()

    assert "the one that failed" in page
    assert "450 more" in page
    assert "349 more" in page


def test_the_admin_shows_so_much_and_says_so(
    client: Client, olga: User, an_escalation: RaiseEscalation
) -> None:
    olga.is_superuser = True
    olga.save()
    client.force_login(olga)
    escalation = an_escalation(task={"deep": [nested(50) for _ in range(8000)]})

    page = client.get(f"/admin/queue/escalation/{escalation.pk}/change/").content.decode()

    assert len(page) < MOST_HTML
    assert "more characters" in page
