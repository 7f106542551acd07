"""Which operating-system user runs the embedded servers."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "otherwise"
# Where user accounts cannot be added (a read-only image), this one exists everywhere.
FALLBACK = "nobody"


@dataclass(frozen=True)
class Account:
    """An unprivileged system user."""

    name: str
    uid: int
    gid: int

    @property
    def popen_arguments(self) -> dict[str, Any]:
        """What makes `subprocess` run a program as this user, and as nothing more."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_run(self, program: Path) -> bool:
        """Whether this user reaches and may run `program` (tried with `--version`)."""
        try:
            subprocess.run(
                [program, "--version"], cwd="/", check=True, capture_output=True, **self.popen_arguments
            )
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def can_enter(self, folder: Path) -> bool:
        """Whether this user reaches `folder`."""
        command = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]
        return subprocess.run(command, cwd="/", capture_output=True, **self.popen_arguments).returncode == 0


def servers_account() -> Account | None:
    """Return the user that runs PostgreSQL and Redis, created when absent; None (ourselves) unless root.

    PostgreSQL refuses to run as root, and an old Redis should not.
    """
    if os.geteuid() != 0:
        return None
    return _existing(NAME) or _created() or _existing(FALLBACK)


def _created() -> Account | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd:
        options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        subprocess.run([useradd, *options, "--shell", "/usr/sbin/nologin", NAME], capture_output=True)
    # Asked again whatever useradd said: another process may have created the user in the meantime.
    return _existing(NAME)


def _existing(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid)
