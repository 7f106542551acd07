"""Strict JSON in: what two readers could take differently, or no database could keep, is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser

from escalation.api.problems import FieldError, Invalid, LengthRequired, TooLarge, pointer

DEEPEST = 64
# Every reader of JSON agrees on integers up to here (RFC 8259, section 6).
LARGEST_INTEGER = 2**53
# Only an escape can bring these into a text: raw ones are refused by the decoders of UTF-8 and of JSON.
SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictJSONParser(BaseParser):
    """`application/json` in UTF-8, one object, at most 1 MiB."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Read the body; raises Invalid with a pointer to each flaw."""
        request = (parser_context or {})["request"]
        _check_encodings(request)
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLarge
        body = stream.read(length)
        return self.decode(body)

    def decode(self, body: bytes) -> Any:
        return parse_object(body)


class AnyJSONParser(StrictJSONParser):
    """The same for bodies that need not be an object."""

    def decode(self, body: bytes) -> Any:
        return parse_json(body)


def refuse_unsized(request: Any) -> None:
    """A body without Content-Length would be read as an empty one."""
    if request.META.get("HTTP_TRANSFER_ENCODING"):
        raise LengthRequired


def _check_encodings(request: Any) -> None:
    charset = request.content_params.get("charset", "utf-8").strip("\"'").lower()
    if charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(request.content_type, "The charset must be utf-8.")
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType(request.content_type, "Send the body without Content-Encoding.")


def parse_object(body: bytes) -> dict[str, Any]:
    """Decode one JSON object; raises Invalid."""
    value = parse_json(body)
    if not isinstance(value, dict):
        raise _whole("not an object")
    return value


def parse_json(body: bytes) -> Any:
    """Decode one JSON value; raises Invalid."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _whole(f"not UTF-8: {error.reason} at byte {error.start}") from None
    reader = _Reader()
    try:
        value = reader.decode(text)
    except json.JSONDecodeError as error:
        raise _whole(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _whole(f"nested deeper than {DEEPEST}") from None
    # Every value is looked at only when the text holds a sign of trouble.
    is_suspect = reader.is_suspect or SUSPECT.search(text) or text.count("[") + text.count("{") > DEEPEST
    if is_suspect and (flaws := list(_flaws(value, ()))):
        raise Invalid(*flaws)
    return value


def _whole(detail: str) -> Invalid:
    return Invalid(FieldError("", detail))


@dataclass(frozen=True, slots=True)
class _Flaw:
    """Stands where the text had something that no value can stand for."""

    detail: str


class _Reader:
    """json's decoder, with its leniences turned into flaws."""

    def __init__(self) -> None:
        self.is_suspect = False

    def decode(self, text: str) -> Any:
        decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_int=self._integer,
            parse_float=self._float,
            parse_constant=self._constant,
        )
        return decoder.decode(text)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            found[twice] = self._flaw("this key comes twice")
        return found

    def _integer(self, digits: str) -> Any:
        # Counted first: turning thousands of digits into a number is slow.
        if len(digits) > 17 or abs(int(digits)) > LARGEST_INTEGER:
            return self._flaw("an integer beyond 2^53: send it as a text")
        return int(digits)

    def _float(self, digits: str) -> Any:
        value = float(digits)
        return value if abs(value) != float("inf") else self._flaw("a number too large for a double")

    def _constant(self, name: str) -> Any:
        return self._flaw(f"{name} is not JSON")

    def _flaw(self, detail: str) -> _Flaw:
        self.is_suspect = True
        return _Flaw(detail)


def _flaws(value: Any, place: tuple[str | int, ...]) -> Iterator[FieldError]:
    if isinstance(value, _Flaw):
        yield FieldError(pointer(*place), value.detail)
    elif isinstance(value, str):
        if UNSTORABLE.search(value):
            yield FieldError(pointer(*place), "holds NUL or half a surrogate pair")
    elif isinstance(value, dict | list):
        yield from _flaws_inside(value, place)


def _flaws_inside(
    value: dict[str, Any] | Sequence[Any], place: tuple[str | int, ...]
) -> Iterator[FieldError]:
    if len(place) >= DEEPEST:
        yield FieldError(pointer(*place), f"nested deeper than {DEEPEST}")
        return
    for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(step, str) and UNSTORABLE.search(step):
            # The pointer names the object: the key itself could not be written into the answer.
            yield FieldError(pointer(*place), "a key holds NUL or half a surrogate pair")
            continue
        yield from _flaws(inner, (*place, step))
