"""A Redis that a test may kill, beside the shared one that it must not."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from agents.stores.connection import connect
from escalation.stack.binaries import redis_program
from escalation.stack.throwaway import throwaway_folder


class MortalRedis:
    """A Redis server of its own, in `folder`, without memory of an earlier life."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program = program
        self.folder = folder
        self.url = f"unix://{folder}/mortal.sock"
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = ["--port", "0", "--unixsocket", f"{self.folder}/mortal.sock", "--save", ""]
        self.process = subprocess.Popen([self.program, *options], stdout=subprocess.DEVNULL, cwd=self.folder)
        patience = Retry(ConstantBackoff(0.02), 200)
        with redis.Redis.from_url(self.url, retry=patience) as client:
            client.ping()

    def kill(self) -> None:
        """Kill the server as a crash would."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def mortal_redis() -> Iterator[MortalRedis]:
    """A Redis to kill and start again."""
    with throwaway_folder() as folder:
        server = MortalRedis(redis_program(folder), folder.path)
        yield server
        server.kill()


@pytest.fixture
def shared_redis() -> redis.Redis:
    """The client that the stores use for the Redis of the settings."""
    return connect(settings.REDIS_URL)
