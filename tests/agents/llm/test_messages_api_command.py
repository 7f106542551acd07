import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

MANAGE = Path(__file__).resolve().parents[3] / "manage.py"


@pytest.fixture
def command() -> Iterator[subprocess.Popen[str]]:
    """The command on a free port, in its own process."""
    arguments = [
        sys.executable,
        str(MANAGE),
        "messages_api",
        "--port",
        "0",
        "--fault-rate",
        "1",
        "--seed",
        "3",
    ]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        yield process
        process.kill()


def test_it_serves_until_it_is_told_to_stop(command: subprocess.Popen[str]) -> None:
    assert command.stdout
    address = command.stdout.readline().split()[-1]
    armed = httpx2.get(f"{address}/_faults", trust_env=False)

    command.send_signal(signal.SIGTERM)

    assert address.startswith("http://127.0.0.1:")
    assert armed.json() == {"armed": {}}
    assert command.wait(timeout=60) == 0
