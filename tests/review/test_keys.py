from __future__ import annotations

from pathlib import Path

from escalation.review.forms import FORMS
from escalation.review.keys import KEYS, by_place

ROOT = Path(__file__).parent.parent.parent
# Carried out by the script itself, for want of one element to press.
WITHOUT_ELEMENT = {"j", "k", "x", "Shift x", "/", "1-9", "Ctrl Enter"}


def test_no_key_means_two_things() -> None:
    presses = [key.press for key in KEYS]

    assert len(presses) == len(set(presses))


def test_every_key_is_on_the_sheet() -> None:
    assert sum(len(keys) for _, keys in by_place()) == len(KEYS)


def test_every_verdict_has_a_key() -> None:
    assert {form.key for form in FORMS} <= {key.press for key in KEYS}


def test_every_key_presses_an_element_of_the_templates() -> None:
    templates = "".join(path.read_text() for path in (ROOT / "templates" / "review").glob("*.html"))
    carried = {key.press for key in KEYS} - WITHOUT_ELEMENT - {form.key for form in FORMS}

    assert [press for press in carried if f'data-key="{press}"' not in templates] == []
