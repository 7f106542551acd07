"""What two readers could take differently, or no database could keep: 4xx, its place, and nothing stored."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from escalation.queue.models import Escalation, Event
from tests.api.caller import Caller, a_body


def with_output(text: str) -> bytes:
    return b'{"reason": "error", "title": "t", "output": %b}' % text.encode()


def with_confidence(text: str) -> bytes:
    return b'{"reason": "error", "title": "t", "confidence": %b}' % text.encode()


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


REFUSED: dict[str, tuple[bytes, str]] = {
    "NUL in a text": (with_output(r'{"a": ["\u0000"]}'), "/output/a/0"),
    "NUL in a field": (b'{"reason": "error", "title": "a\\u0000b"}', "/title"),
    "NUL in a key": (with_output(r'{"\u0000": 1}'), "/output"),
    "raw NUL": (with_output('"\x00"'), ""),
    "half a surrogate pair": (with_output(r'"\ud800"'), "/output"),
    "the other half": (with_output(r'["\udfff"]'), "/output/0"),
    "half a pair in a key": (with_output(r'{"x": {"\uD83D": 1}}'), "/output/x"),
    "a surrogate in UTF-8": (b'{"reason": "error", "title": "\xed\xa0\x80"}', ""),
    "deeper than 64": (with_output(nested(64)), "/output" + "/0" * 63),
    "200 deep": (with_output(nested(200)), "/output" + "/0" * 63),
    "5000 deep": (with_output(nested(5000)), ""),
    "5000 objects deep": (with_output('{"a":' * 5000 + "1" + "}" * 5000), ""),
    "NaN": (with_confidence("NaN"), "/confidence"),
    "Infinity": (with_output("[Infinity]"), "/output/0"),
    "-Infinity": (with_output("-Infinity"), "/output"),
    "1e400": (with_confidence("1e400"), "/confidence"),
    "-1e400 in a payload": (with_output('{"a/b": -1e400}'), "/output/a~1b"),
    "above 2^53": (with_output("9007199254740993"), "/output"),
    "below -2^53": (with_output("-9007199254740993"), "/output"),
    "4000 digits": (with_output("9" * 4000), "/output"),
    "5000 digits": (with_output("9" * 5000), "/output"),
    "a key twice": (b'{"reason": "error", "title": "a", "title": "b"}', "/title"),
    "a key twice, deep": (with_output('[{"a": 1, "a": 1}]'), "/output/0/a"),
    "a key twice in other letters": (b'{"reason": "error", "title": "a", "\\u0074itle": "b"}', "/title"),
    "true as a number": (with_confidence("true"), "/confidence"),
    "a number in quotes": (with_confidence('"0.5"'), "/confidence"),
    "full-width digits": (with_confidence('"\uff10.\uff15"'), "/confidence"),
    "full-width digits, bare": (with_confidence("\uff10.\uff15"), ""),
    "below 0": (with_confidence("-0.1"), "/confidence"),
    "above 1": (with_confidence("1.0000001"), "/confidence"),
    "a number for a text": (b'{"reason": "error", "title": 5}', "/title"),
    "an empty title": (b'{"reason": "error", "title": ""}', "/title"),
    "201 characters": (json.dumps(a_body(title="x" * 201)).encode(), "/title"),
    "an unknown field": (b'{"reason": "error", "title": "t", "confidance": 1}', "/confidance"),
    "a field of ours": (b'{"reason": "error", "title": "t", "status": "decided"}', "/status"),
    "an unknown field, deep": (json.dumps(a_body(evidence=[{"txt": ""}])).encode(), "/evidence/0/txt"),
    "a missing field": (b'{"reason": "error"}', "/title"),
    "a missing field, deep": (json.dumps(a_body(trace=[{"name": "x"}])).encode(), "/trace/0/kind"),
    "an unknown reason": (b'{"reason": "bored", "title": "t"}', "/reason"),
    "a time without a zone": (
        json.dumps(a_body(trace=[{"kind": "x", "at": "2026-11-22T09:00:00"}])).encode(), "/trace/0/at"
    ),
    "a deadline of no time": (json.dumps(a_body(deadline_s=0)).encode(), "/deadline_s"),
    "a deadline of a century": (json.dumps(a_body(deadline_s=3_155_760_000)).encode(), "/deadline_s"),
    "an array": (b"[]", ""),
    "a text": (b'"x"', ""),
    "null": (b"null", ""),
    "nothing": (b"", ""),
    "white space": (b"  ", ""),
    "two values": (b"{} {}", ""),
    "a comment": (b'{"reason": "error", /* x */ "title": "t"}', ""),
    "single quotes": (b"{'reason': 'error'}", ""),
    "a trailing comma": (b'{"reason": "error", "title": "t",}', ""),
    "cut off": (b'{"reason": "error", "ti', ""),
    "a byte order mark": (b"\xef\xbb\xbf" + json.dumps(a_body()).encode(), ""),
    "UTF-16": (json.dumps(a_body()).encode("utf-16"), ""),
    "Latin-1": ('{"reason": "error", "title": "é"}'.encode("latin-1"), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_its_place(support_triage: Caller, name: str) -> None:
    body, pointer = REFUSED[name]

    answer = support_triage.post("/escalations/", body)

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Escalation.objects.exists()
    assert not Event.objects.exists()


def test_every_fault_is_named_at_once(support_triage: Caller) -> None:
    answer = support_triage.post("/escalations/", {"title": 5, "confidence": 2, "nonsense": 1})

    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {"/title", "/confidence", "/nonsense", "/reason"}


KEPT: dict[str, tuple[str, Any]] = {
    "2^53": ("9007199254740992", 2**53),
    "the smallest double": ("5e-324", 5e-324),
    "a large double": ("1e22", 1e22),
    "the deepest that is allowed": (nested(63), json.loads(nested(63))),
    "a pair of surrogates": (r'"\ud83d\ude00"', "😀"),
    "an escaped backslash before u0000": (r'"\\u0000"', r"\u0000"),
    "right to left, joiners, tags": ('"\u202e\u200d\U000e0041"', "\u202e\u200d\U000e0041"),
    "many brackets in a text": (json.dumps("[" * 500), "[" * 500),
    "nothing": ("null", None),
    "false is not 0": ("[false, 0]", [False, 0]),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_unusual_but_right_comes_back_as_it_was(support_triage: Caller, name: str) -> None:
    text, value = KEPT[name]

    posted = support_triage.post("/escalations/", with_output(text))

    read = support_triage.get(f"/escalations/{posted.json()['id']}/").json()
    assert posted.status_code == 201, posted.json()
    assert (read["output"], repr(read["output"] == value)) == (value, "True")


@pytest.mark.parametrize("confidence", ["1e-320", "0", "1", "-0.0", "0.1e1"])
def test_every_probability_is_a_confidence(support_triage: Caller, confidence: str) -> None:
    answer = support_triage.post("/escalations/", with_confidence(confidence))

    assert (answer.status_code, answer.json()["confidence"]) == (201, float(confidence))


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/xml",
        "application/json; charset=utf-7",
        "application/json; charset=utf-16",
        "application/json; charset=klingon",
        "nonsense",
    ],
)
def test_only_json_in_utf8_is_read(support_triage: Caller, content_type: str) -> None:
    body = json.dumps(a_body()).encode()

    answer = support_triage.post("/escalations/", body, content_type=content_type)

    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")
    assert not Escalation.objects.exists()


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=UTF-8", 'Application/JSON; charset="utf8"']
)
def test_utf8_may_be_named(support_triage: Caller, content_type: str) -> None:
    body = json.dumps(a_body()).encode()

    answer = support_triage.post("/escalations/", body, content_type=content_type)

    assert answer.status_code == 201


def test_a_compressed_body_is_not_unpacked(support_triage: Caller) -> None:
    body = gzip.compress(json.dumps(a_body()).encode())

    answer = support_triage.post("/escalations/", body, HTTP_CONTENT_ENCODING="gzip")

    assert answer.status_code == 415


def test_a_body_above_one_mebibyte_is_not_read(support_triage: Caller) -> None:
    answer = support_triage.post("/escalations/", a_body(output="x" * 1024 * 1024))

    assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")
    assert not Escalation.objects.exists()


def test_a_body_just_under_one_mebibyte_is_kept(support_triage: Caller) -> None:
    answer = support_triage.post("/escalations/", a_body(output="x" * (1024 * 1024 - 100)))

    assert answer.status_code == 201


def test_a_body_of_unknown_length_is_not_taken_for_an_empty_one(support_triage: Caller) -> None:
    answer = support_triage.post("/escalations/", a_body(), HTTP_TRANSFER_ENCODING="chunked")

    assert answer.status_code == 411


@pytest.mark.parametrize("given", [{}, {"CONTENT_LENGTH": "0"}])
def test_no_body_is_no_object_even_where_every_field_may_be_left_out(
    as_alice: Caller, given: dict[str, Any]
) -> None:
    answer = as_alice.post("/escalations/next/", b"", **given)

    assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (400, "empty: send a JSON object")
