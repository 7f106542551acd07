"""PostgreSQL and Redis for a moment: `python -m escalation.stack.throwaway COMMAND…` runs COMMAND on them."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from escalation.stack.account import servers_account
from escalation.stack.data_folder import DataFolder
from escalation.stack.plan import servers
from escalation.stack.supervisor import Supervisor

PREFIX = "otherwise-throwaway-"
# A folder this young may be one that its process has not locked yet.
YOUNG_S = 60


@contextmanager
def throwaway_folder() -> Iterator[DataFolder]:
    """Yield a data folder that is removed at the end; after a kill, by the next who wants one."""
    _remove_abandoned()
    path = Path(tempfile.mkdtemp(prefix=PREFIX))
    hold = _lock(path)
    try:
        yield DataFolder(path, servers_account())
    finally:
        shutil.rmtree(path)
        os.close(hold)


def _remove_abandoned() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            state = path.lstat()
            if state.st_uid != os.geteuid() or time.time() - state.st_mtime < YOUNG_S:
                continue
            hold = _lock(path)
        except OSError:
            continue
        shutil.rmtree(path, ignore_errors=True)
        os.close(hold)


def _lock(path: Path) -> int:
    """Return a descriptor that holds `path` while it is open; the kernel closes it when we die."""
    hold = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(hold)
        raise
    return hold


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
