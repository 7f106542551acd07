"""Servers for a moment: what is left behind by a kill is cleared by the next."""

import os
import tempfile
from pathlib import Path

import pytest

from escalation.stack.throwaway import PREFIX, main, throwaway_folder


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_that_its_process_left_behind_is_removed(temporary: Path) -> None:
    abandoned = temporary / f"{PREFIX}abandoned"
    abandoned.mkdir()
    os.utime(abandoned, (0, 0))

    with throwaway_folder():
        assert not abandoned.exists()


def test_a_folder_in_use_stays(temporary: Path) -> None:
    with throwaway_folder() as first:
        os.utime(first.path, (0, 0))

        with throwaway_folder():
            assert first.path.exists()


def test_a_command_runs_on_its_own_empty_servers(capfd: pytest.CaptureFixture[str]) -> None:
    query = "import os; print(os.listdir(os.environ['OTHERWISE_DATA_DIR'] + '/run'))"

    code = main(["python3", "-c", query])

    assert code == 0
    assert "redis.sock" in capfd.readouterr().out


def test_the_command_s_exit_code_is_passed_on() -> None:
    assert main(["sh", "-c", "exit 7"]) == 7
