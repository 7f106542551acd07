"""`manage.py submit AGENT FILE`: each message is a run, and a file that cannot be read is a clear error."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from agents.models import Run
from tests.agents.conftest import Desk
from tests.agents.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

MESSAGES = ["Where is order 7?", "It is “broken”,\nall of it.", "Ça ne va pas."]


@pytest.fixture(autouse=True)
def _employed(desk: Desk, shop: Shop) -> None:
    desk.employ(shop.agent())


def jsonl(*records: Any) -> bytes:
    return "".join(f"{json.dumps(record)}\n" for record in records).encode()


def csv(*rows: str) -> bytes:
    return "\r\n".join(rows).encode()


def named(value: object) -> str:
    """What a parameter is called in a test's name: bytes in a name differ from process to process."""
    return value if isinstance(value, str) else "data"


def submit(path: Path, **options: Any) -> list[Any]:
    call_command("submit", "shop-desk", str(path), **options)
    return list(Run.objects.order_by("id").values_list("task", flat=True))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("plain.jsonl", jsonl(*({"text": message} for message in MESSAGES))),
        ("byte-order-mark.jsonl", b"\xef\xbb\xbf\n" + jsonl(*({"text": message} for message in MESSAGES))),
        ("work.jsonl.gz", gzip.compress(jsonl(*({"text": message} for message in MESSAGES)))),
        (
            "work.csv",
            csv("id,text", f"1,{MESSAGES[0]}", '2,"It is “broken”,\nall of it."', f"3,{MESSAGES[2]}"),
        ),
        (
            "work.2026.csv.gz",
            gzip.compress(csv("text", *(f'"{message}"' for message in MESSAGES))),
        ),
    ],
    ids=named,
)
def test_each_message_of_a_file_is_a_run(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)

    assert submit(path) == MESSAGES
    assert {run.state for run in Run.objects.all()} == {Run.State.QUEUED}
    assert Run.objects.earliest("id").metadata["file"] == name


def test_each_text_of_a_folder_is_a_run(tmp_path: Path) -> None:
    for number, message in enumerate(MESSAGES):
        (tmp_path / f"{number}.{'md' if number else 'txt'}").write_text(message)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")

    assert submit(tmp_path) == MESSAGES


def test_a_run_says_where_its_message_came_from(tmp_path: Path) -> None:
    path = tmp_path / "work.csv"
    path.write_bytes(csv("text", '"one\ntwo"', "three"))

    submit(path)

    assert [run.metadata["line"] for run in Run.objects.order_by("id")] == [3, 4]


def test_another_field_part_of_it_and_the_workers_are_asked(
    tmp_path: Path, redis_client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "work.jsonl"
    path.write_bytes(jsonl(*({"body": str(number)} for number in range(9))))

    assert submit(path, field="body", skip=2, limit=3) == ["2", "3", "4"]
    assert redis_client.llen("runs") == 3
    said = capsys.readouterr().out
    assert "Submitting to shop-desk" in said
    assert f"3 runs queued, from number {Run.objects.earliest('id').pk} on." in said


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        (
            "work.jsonl",
            jsonl({"body": "x"}),
            r"line 1: no field 'text' \(there is body\); name it with --field",
        ),
        ("work.jsonl", jsonl({"text": "x"}, "y"), "line 2: no field 'text'"),
        ("work.jsonl", jsonl({"text": 7}), "line 1: 'text' is 7, not a text"),
        ("work.jsonl", jsonl({"text": " "}), "line 1: 'text' is ' ', not a text"),
        ("work.jsonl", b'{"text": "x"}\n{"text": ', "line 2 is not JSON"),
        ("work.jsonl", b"[" * 100_000, "line 1 is not JSON"),
        ("work.jsonl", b'{"text": "caf\xe9"}', "is not UTF-8 at byte 13: convert it"),
        ("work.jsonl", b"", "holds no messages"),
        ("work.csv", csv("text"), "holds no messages"),
        ("work.csv", csv("body", "x"), "no field 'text'"),
        ("work.csv", b'text\n"' + b"x" * 200_000 + b'"', "is not CSV"),
        ("work.jsonl.gz", b"no gzip", "is not a whole gzip file"),
        ("work.jsonl.gz", gzip.compress(jsonl({"text": "x"}))[:-9], "is not a whole gzip file"),
        ("work.jsonl.gz", gzip.compress(b"x" * 99)[:10] + b"rubbish" * 9, "is not a whole gzip file"),
        ("work.xlsx", b"PK", "neither .jsonl nor .csv"),
        ("work", b"x", "neither .jsonl nor .csv"),
    ],
    ids=named,
)
def test_what_cannot_be_read_is_said_and_nothing_is_queued(
    tmp_path: Path, name: str, data: bytes, problem: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)

    with pytest.raises(CommandError, match=problem):
        submit(path)

    assert Run.objects.count() == 0


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no file or folder"):
        submit(tmp_path / "nothing.jsonl")


def test_an_empty_text_in_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_text(" \n")

    with pytest.raises(CommandError, match="is empty: remove it"):
        submit(tmp_path)


def test_an_agent_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"no agent is named 'nobody'; known are: .*shop-desk"):
        call_command("submit", "nobody", str(tmp_path))


@pytest.mark.parametrize("wrong", ["-1", "some", "1.5"])
def test_a_number_that_is_none_is_said(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(CommandError, match="is not a whole number"):
        call_command("submit", "shop-desk", str(tmp_path), f"--limit={wrong}")
