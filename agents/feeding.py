"""Work for agents from files: JSONL, CSV (also gzipped), or a folder of text files."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

TEXTS = (".txt", ".md")


class NotReadable(ValueError):
    """The file cannot be read as work; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One message, and where it came from."""

    task: str
    metadata: dict[str, Any] = field(default_factory=dict)


def pieces(path: str, name: str, *, skip: int = 0, limit: int | None = None) -> list[Piece]:
    """The messages in a file or folder, in order; raises NotReadable.

    `name` is the field or column that holds the message.
    """
    source = Path(path)
    if not source.exists():
        raise NotReadable(f"there is no file or folder {path}")
    found = _in_folder(source) if source.is_dir() else _in_file(source, name)
    stop = None if limit is None else skip + limit
    work = list(islice(found, skip, stop))
    if not work:
        raise NotReadable(f"{path} holds no messages")
    return work


def _in_folder(folder: Path) -> Iterator[Piece]:
    for file in sorted(folder.iterdir()):
        if file.suffix in TEXTS:
            text = _decoded(_bytes(file), file)
            if not text.strip():
                raise NotReadable(f"{file} is empty: remove it")
            yield Piece(text, {"file": file.name})


def _in_file(file: Path, name: str) -> Iterator[Piece]:
    suffixes = [suffix for suffix in file.suffixes if suffix != ".gz"]
    readers = {".jsonl": _records_of_jsonl, ".csv": _records_of_csv}
    reader = readers.get(suffixes[-1] if suffixes else "")
    if reader is None:
        raise NotReadable(
            f"{file} is neither .jsonl nor .csv (may be gzipped), nor a folder: rename or convert it"
        )
    for number, record in reader(_opened(file), file):
        yield Piece(_message(record, name, file, number), {"file": file.name, "line": number})


def _message(record: Any, name: str, file: Path, number: int) -> str:
    if not isinstance(record, dict) or name not in record:
        names = ", ".join(map(str, record)) if isinstance(record, dict) else "no fields at all"
        raise NotReadable(
            f"{file}, line {number}: no field {name!r} (there is {names}); name it with --field"
        )
    message = record[name]
    if not isinstance(message, str) or not message.strip():
        raise NotReadable(f"{file}, line {number}: {name!r} is {message!r}, not a text")
    return message


def _opened(file: Path) -> io.StringIO:
    data = _bytes(file)
    try:
        return io.StringIO(
            _decoded(gzip.decompress(data) if file.suffix == ".gz" else data, file), newline=""
        )
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise NotReadable(f"{file} is not a whole gzip file: {error}") from error


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise NotReadable(f"{file} cannot be read: {error.strerror}") from error


def _decoded(data: bytes, file: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotReadable(f"{file} is not UTF-8 at byte {error.start}: convert it") from error


def _records_of_jsonl(text: io.StringIO, file: Path) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError) as error:
            raise NotReadable(f"{file}, line {number} is not JSON: {error}") from error


def _records_of_csv(text: io.StringIO, file: Path) -> Iterator[tuple[int, Any]]:
    reader = csv.DictReader(text)
    try:
        for record in reader:
            yield reader.line_num, record
    except csv.Error as error:
        raise NotReadable(f"{file}, line {reader.line_num} is not CSV: {error}") from error
