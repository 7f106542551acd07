"""No rule of CSS is left behind when its page goes, and the first load stays small."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from pathlib import Path

import django
import pytest
from django.contrib.staticfiles import finders
from django.test import Client

ROOT = Path(__file__).parent.parent.parent
SHEETS = sorted((ROOT / "static" / "css").glob("*.css"))
NAME = r"[a-zA-Z][-\w]*"
# A class whose end is a value: "exit-" of class="exit-{{ handler }}".
BEGINNING = re.compile(rf"({NAME}-)\{{")
# Where ours are given: class="…" in a template, any text in a script, names or HTML in a text of Python.
GIVEN_IN = {
    "*.html": re.compile(r'class="([^"]*)"'),
    "*.js": re.compile(r"[\"'`]([^\"'`\n]*)[\"'`]"),
    "*.py": re.compile(rf"[\"'](\s*{NAME}(?:\s+{NAME})*|[^\n]*class=[^\n]*)[\"']"),
}


def ours() -> set[str]:
    """Every class that our pages give, and the beginnings of those that end in a value."""
    found = set()
    for folder in ("templates", "static/js", "escalation", "agents"):
        for ending, given in GIVEN_IN.items():
            for path in (ROOT / folder).rglob(ending):
                texts = given.findall(path.read_text())
                found |= {name for text in texts for name in re.findall(NAME, text)}
                found |= {name for text in texts for name in BEGINNING.findall(text)}
    return found


def theirs() -> set[str]:
    """Every class of Django's admin, and that of htmx."""
    admin = Path(django.__file__).parent / "contrib" / "admin"
    return (
        {"htmx-request"}
        | {
            name
            for folder in ("templates", "static/admin/css")
            for path in (admin / folder).rglob("*.*")
            for name in re.findall(NAME, path.read_text())
        }
        | {"field-"}
    )


def dead(sheet: str, given: Iterable[str]) -> set[str]:
    """The classes that a sheet has rules for, and no page gives."""
    selectors = re.sub(r"/\*.*?\*/|\"[^\"]*\"|\{[^{}]*\}", " ", sheet, flags=re.DOTALL)
    known = set(given)
    return {
        name
        for name in re.findall(rf"\.({NAME})", selectors)
        if name not in known and not any(name.startswith(each) for each in known if each.endswith("-"))
    }


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_every_rule_is_for_something(path: Path) -> None:
    assert dead(path.read_text(), ours() | theirs()) == set()


def test_a_rule_for_nothing_is_found() -> None:
    sheet = "@layer x { .row { top: 0; } @media (width < 9rem) { .row.is-gone, .exit-late { top: 0; } } }"

    assert dead(sheet, {"row", "exit-"}) == {"is-gone"}


def test_the_first_load_is_under_sixty_kilobytes(client: Client, db: None) -> None:
    page = client.get("/login/").content.decode()

    files = re.findall(r"/static/((?:css|js)/[-\w]+\.(?:css|js))", page)
    weights = [len(gzip.compress(Path(str(finders.find(name))).read_bytes())) for name in files]
    assert len(files) > 10
    assert sum(weights) < 60_000
