"""PostgreSQL and Redis for a moment: `python -m escalation.stack.throwaway COMMAND…` runs COMMAND on them."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from escalation.stack.account import servers_account
from escalation.stack.data_folder import DataFolder
from escalation.stack.plan import servers
from escalation.stack.supervisor import Supervisor


@contextmanager
def throwaway_folder() -> Iterator[DataFolder]:
    """Yield a data folder that is removed at the end."""
    path = Path(tempfile.mkdtemp(prefix="otherwise-"))
    try:
        yield DataFolder(path, servers_account())
    finally:
        shutil.rmtree(path)


@contextmanager
def throwaway_servers() -> Iterator[DataFolder]:
    """Yield the data folder of empty servers, which are stopped and removed at the end."""
    with throwaway_folder() as folder:
        folder.create()
        supervisor = Supervisor([servers(folder, {}, careless=True)], folder.logs, sys.stderr.write)
        try:
            supervisor.start()
            yield folder
        finally:
            supervisor.stop()


def main(command: list[str]) -> int:
    """Run `command` with settings that point at throw-away servers; return its exit code."""
    with throwaway_servers() as folder:
        place = {
            "OTHERWISE_DATA_DIR": str(folder.path),
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "CELERY_BROKER_URL": "",
        }
        return subprocess.run(command, env={**os.environ, **place}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
