from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.review.forms import FORMS
from escalation.review.keys import KEYS, by_place
from escalation.review.own_keys import OwnKeys

ROOT = Path(__file__).parent.parent.parent
# Carried out by the script itself, for want of one element to press.
WITHOUT_ELEMENT = {"j", "k", "x", "Shift x", "/", "1-9", "Ctrl Enter"}


def test_no_key_means_two_things() -> None:
    presses = [key.press for key in KEYS]

    assert len(presses) == len(set(presses))


def test_every_key_is_on_the_sheet() -> None:
    assert sum(len(keys) for _, keys in by_place({})) == len(KEYS)


def test_every_verdict_has_a_key() -> None:
    assert {form.key for form in FORMS} <= {key.press for key in KEYS}


def test_every_key_presses_an_element_of_the_templates() -> None:
    templates = "".join(path.read_text() for path in (ROOT / "templates" / "review").glob("*.html"))
    carried = {key.press for key in KEYS} - WITHOUT_ELEMENT - {form.key for form in FORMS}

    assert [press for press in carried if f'data-key="{press}"' not in templates] == []


def test_a_changed_key_is_the_persons_own_in_every_browser(
    as_alice: Client, alice: User, as_bob: Client
) -> None:
    answer = as_alice.post("/shortcuts/", {"a": "y", "are_on": "on"})

    another = Client()
    another.force_login(alice)
    assert answer["Location"] == "/shortcuts/"
    keys = another.get("/queue/").context["key_data"]["keys"]
    assert [key["press"] for key in keys if key["now"] == "y"] == ["a"]
    assert OwnKeys.of(alice).changes == {"a": "y"}
    assert not OwnKeys.objects.exclude(person=alice).exists()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"a": "r"}, "r is taken: Reject: it is wrong, or may not run; or all chosen."),
        ({"a": "y", "e": "y"}, "y is taken: Accept: it is right as it is; or all chosen."),
        ({"a": "5"}, "Choose one letter or one sign; digits choose reasons."),
        ({"a": " "}, "Choose one letter or one sign; digits choose reasons."),
        ({"a": "g"}, "g begins other keys, such as g q."),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_with_the_reason(
    as_alice: Client, alice: User, sent: dict[str, str], said: str
) -> None:
    answer = as_alice.post("/shortcuts/", sent)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert OwnKeys.of(alice).changes == {}


def test_two_keys_can_change_places(as_alice: Client, alice: User) -> None:
    as_alice.post("/shortcuts/", {"a": "r", "r": "a"})

    assert OwnKeys.of(alice).changes == {"a": "r", "r": "a"}


def test_keys_are_switched_off_and_set_back(as_alice: Client, alice: User) -> None:
    as_alice.post("/shortcuts/", {"a": "y"})
    assert as_alice.get("/queue/").context["key_data"]["are_on"] is False

    as_alice.post("/shortcuts/", {"_method": "delete"})

    data = as_alice.get("/queue/").context["key_data"]
    assert data["are_on"] is True
    assert [key for key in data["keys"] if key["now"] != key["press"]] == []
