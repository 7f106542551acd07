"""Whole stacks, started as a user starts them, in folders of their own."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from escalation.stack.account import servers_account
from escalation.stack.data_folder import DataFolder
from escalation.stack.readiness import free_port

PROJECT = Path(__file__).resolve().parent.parent.parent
# Empty: these stacks are to use their own servers, not those of the test session.
OWN_SERVERS = {"DATABASE_URL": "", "REDIS_URL": "", "CELERY_BROKER_URL": ""}


@dataclass
class RunningStack:
    """A stack that `manage.py up` runs."""

    up: psutil.Popen
    folder: DataFolder
    address: str
    output: Path

    def processes(self) -> list[psutil.Process]:
        """Every process of the stack, the supervisor included."""
        return [psutil.Process(self.up.pid), *psutil.Process(self.up.pid).children(recursive=True)]

    def leader(self, name: str) -> psutil.Process:
        """The process that the supervisor started as `name`."""
        children = psutil.Process(self.up.pid).children()
        return next(child for child in children if name in " ".join(child.cmdline()))

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command beside the stack."""
        return manage(*arguments, folder=self.folder.path)


def manage(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a management command whose data folder is `folder`."""
    environment = {**os.environ, **OWN_SERVERS, "OTHERWISE_DATA_DIR": str(folder)}
    command = [sys.executable, str(PROJECT / "manage.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


@contextmanager
def running_stack(folder: DataFolder, *options: str) -> Iterator[RunningStack]:
    """Start a stack on `folder` and wait for it; whatever is left of it at the end is killed."""
    port = free_port()
    output = folder.path.with_suffix(".out")
    command = [
        sys.executable,
        "manage.py",
        "up",
        "--port",
        str(port),
        "--data-dir",
        str(folder.path),
        *options,
    ]
    environment = {**os.environ, **OWN_SERVERS}
    del environment["OTHERWISE_DATA_DIR"]
    with output.open("w") as file:
        up = psutil.Popen(command, cwd=PROJECT, env=environment, stdout=file, stderr=subprocess.STDOUT)
    stack = RunningStack(up, folder, f"http://127.0.0.1:{port}", output)
    try:
        wait_until_ready(stack)
        yield stack
    finally:
        if up.poll() is None:
            up.terminate()
            up.wait(120)


def wait_until_ready(stack: RunningStack) -> None:
    deadline = time.monotonic() + 300
    while "Ready in" not in stack.output.read_text():
        assert stack.up.poll() is None, stack.output.read_text()
        assert time.monotonic() < deadline, stack.output.read_text()
        time.sleep(0.1)


@pytest.fixture
def new_folder() -> Iterator[DataFolder]:
    """A data folder that does not exist yet, with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="otherwise-") as parent:
        Path(parent).chmod(0o711)
        yield DataFolder(Path(parent) / "data", servers_account())


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """One stack for all tests that leave it as they found it: up."""
    with tempfile.TemporaryDirectory(prefix="otherwise-") as parent:
        Path(parent).chmod(0o711)
        with running_stack(DataFolder(Path(parent) / "data", servers_account())) as running:
            yield running
