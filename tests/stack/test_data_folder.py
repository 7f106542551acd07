"""The data folder: closed, locked, with a path that sockets can have."""

import stat

import pytest

from escalation.stack.data_folder import DataFolder
from escalation.stack.exceptions import StackError


def test_a_path_too_long_for_a_socket_is_refused_with_a_way_out(new_folder: DataFolder) -> None:
    folder = DataFolder(new_folder.path / ("x" * 100), new_folder.account)

    with pytest.raises(StackError, match="Choose a shorter folder with --data-dir"):
        folder.create()


def test_one_stack_at_a_time_holds_it(new_folder: DataFolder) -> None:
    new_folder.create()

    with new_folder.locked("http://127.0.0.1:8000"):
        holder = new_folder.holder()
        refused = pytest.raises(StackError, match=r"Already up on .*: http://127.0.0.1:8000 \(process")
        with refused, new_folder.locked("http://127.0.0.1:8001"):
            pass

    assert holder is not None
    assert new_folder.holder() is None


def test_the_secret_key_is_made_once_and_for_us_alone(new_folder: DataFolder) -> None:
    new_folder.create()
    key = new_folder.path / "secret_key"
    first = key.read_text()

    new_folder.create()

    assert key.read_text() == first
    assert len(first) >= 50
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_two_folders_have_two_secret_keys(new_folder: DataFolder) -> None:
    other = DataFolder(new_folder.path.with_name("other"), new_folder.account)

    new_folder.create()
    other.create()

    assert (new_folder.path / "secret_key").read_text() != (other.path / "secret_key").read_text()


def test_a_folder_that_is_open_is_closed(new_folder: DataFolder) -> None:
    new_folder.path.mkdir(mode=0o755)

    new_folder.create()

    assert not new_folder.path.stat().st_mode & 0o027
