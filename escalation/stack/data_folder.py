"""The folder that holds all an embedded stack keeps: data, sockets, logs, its secret key and its lock."""

import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from escalation.stack.account import Account
from escalation.stack.exceptions import StackError

# sun_path of unix(7) holds 108 bytes, the last of which is NUL.
LONGEST_SOCKET_PATH = 107


@dataclass(frozen=True)
class DataFolder:
    """Where an embedded stack lives. `account` is the user of its servers; None: our own user."""

    path: Path
    account: Account | None = None

    @property
    def sockets(self) -> Path:
        return self.path / "run"

    @property
    def postgres_socket(self) -> Path:
        return self.sockets / ".s.PGSQL.5432"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def addresses(self) -> Path:
        """What other commands must know of the stack that is up (settings.py reads it)."""
        return self.path / "stack.env"

    def create(self) -> None:
        """Make the folder and its parts, closed to all but us and the servers' account; safe to repeat."""
        self.refuse_long_path()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # Group x: the servers' user walks through, and cannot list.
            self._restrict(self.path, 0o710 if self.account else 0o700, owned=False)
            self.own("run")
            for name in ("logs", "static"):
                (self.path / name).mkdir(mode=0o700, exist_ok=True)
            self._write_secret_key()
        except PermissionError as error:
            raise StackError(
                f"{self.path}: {error.strerror}. Choose another folder with --data-dir."
            ) from error
        if self.account and not self.account.can_enter(self.sockets):
            raise StackError(
                f"{self.path} cannot be reached by the user {self.account.name!r}, who runs the servers"
                " for root. Choose a folder under /var/lib with --data-dir."
            )

    def refuse_long_path(self) -> None:
        """Raise StackError when the sockets' paths would be longer than the system allows."""
        length = len(os.fsencode(self.postgres_socket))
        if length > LONGEST_SOCKET_PATH:
            raise StackError(
                f"The path of the socket {self.postgres_socket} has {length} bytes; the system allows"
                f" {LONGEST_SOCKET_PATH}. Choose a shorter folder with --data-dir or OTHERWISE_DATA_DIR."
            )

    def own(self, name: str) -> Path:
        """Make the sub-folder `name`, mode 0700, owned by the user of the servers."""
        folder = self.path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        self._restrict(folder, 0o700, owned=True)
        return folder

    def _restrict(self, folder: Path, mode: int, *, owned: bool) -> None:
        if self.account:
            os.chown(folder, self.account.uid if owned else os.geteuid(), self.account.gid)
        folder.chmod(mode)

    def _write_secret_key(self) -> None:
        try:
            descriptor = os.open(self.path / "secret_key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))

    def publish(self, addresses: Mapping[str, str]) -> None:
        """Write what other commands must know of the stack that is up; readable by us alone."""
        self.addresses.touch(mode=0o600)
        self.addresses.write_text("".join(f"{name}={value}\n" for name, value in addresses.items()))

    @contextmanager
    def locked(self, address: str) -> Iterator[None]:
        """Hold the folder for one stack; StackError when another holds it. The kernel lets go when we die."""
        with (self.path / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise StackError(
                    f"Already up on {self.path}: {file.read()}. Use that one, stop it with Ctrl-C, or"
                    " give this one another folder with --data-dir."
                ) from error
            file.truncate(0)
            file.write(f"{address} (process {os.getpid()})")
            file.flush()
            yield

    def holder(self) -> str | None:
        """Return the address and process of the stack that is up on this folder; None when none is."""
        try:
            file = (self.path / "lock").open()
        except FileNotFoundError:
            return None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read()
        return None
