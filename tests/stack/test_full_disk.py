"""The disk that holds everything runs full under load, and has room again: nothing answered is lost.

Needs root: it mounts a file system of a few hundred megabytes.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from escalation.stack.account import servers_account
from escalation.stack.data_folder import DataFolder
from escalation.stack.readiness import answers
from tests.stack.conftest import running_stack
from tests.stack.test_kills import stored, tokens
from tests.stack.under_load import Callers, eventually

pytestmark = pytest.mark.soak

SIZE_MB = 400
FULL_FOR_S = 20


def test_a_full_disk_stops_the_writes_and_loses_none(tmp_path: Path) -> None:
    with small_disk() as disk, running_stack(DataFolder(disk / "data", servers_account())) as stack:
        callers = Callers(stack.address, *tokens(stack))
        with callers.at_work(agents=2, reviewers=1):
            eventually(lambda: len(callers.raised) > 10)
            ballast = disk / "ballast"
            fill(ballast)
            time.sleep(FULL_FOR_S)
            while_full = callers.unanswered
            ballast.unlink()
            eventually(lambda: answers(f"{stack.address}/readyz"))
            before = len(callers.raised)
            eventually(lambda: len(callers.raised) > before + 10)
        told = tmp_path / "told"
        told.write_text("\n".join(callers.raised.values()))

        found = stack.manage("check_invariants", "--answered", str(told))

        assert found.returncode == 0, found.stdout
        assert while_full > 0
        assert callers.faults == []
        keys = "SELECT count(*) FROM queue_escalation WHERE key LIKE 'caller-%'"
        assert stored(stack, keys) == len(callers.raised)


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of its own, in memory."""
    with tempfile.TemporaryDirectory(prefix="otherwise-") as place:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=711", "tmpfs", place], check=True
        )
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", "--lazy", place], check=True)


def fill(ballast: Path) -> None:
    """Write until nothing more goes in."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 16)):
                pass
        except OSError:
            return
