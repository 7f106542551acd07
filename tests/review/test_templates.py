"""What no template may hold: a strict Content-Security-Policy would stop it, or an attacker could use it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

ROOT = Path(__file__).parent.parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
FORBIDDEN = {
    "an inline style": r"\sstyle\s*=|<style",
    "an inline handler": r"\son\w+\s*=",
    "code in an htmx attribute": r"hx-on|[\"']js:|javascript:",
    "a trigger filter": r"hx-trigger\s*=\s*[\"'][^\"']*\[",
    "a script of its own": r"<script(?![^>]*\ssrc=)",
    "a foreign address": r"(src|href)\s*=\s*[\"'](https?:)?//",
    "unescaped text": r"\|\s*safe\b|autoescape\s+off|\{%\s*comment",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_holds(what: str) -> None:
    found = [path.name for path in TEMPLATES if re.search(FORBIDDEN[what], path.read_text())]

    assert found == []


@pytest.mark.parametrize("folder", ["static/vendor/htmx", "tests/review/browser/vendor"])
def test_vendored_files_are_what_they_were(folder: str) -> None:
    for line in (ROOT / folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((ROOT / folder / name).read_bytes()).hexdigest() == digest
    assert (ROOT / folder / "LICENSE").exists()


@pytest.mark.parametrize("path", ["/login/", "/queue/", "/nowhere/"])
def test_every_page_has_the_strict_policy(client: Client, alice: User, path: str) -> None:
    policy = client.get(path)["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
