"""The embedded PostgreSQL: what it is, and what it does after a crash."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from escalation.stack.data_folder import DataFolder
from escalation.stack.exceptions import StackError
from escalation.stack.postgres import EmbeddedPostgres
from escalation.stack.supervisor import Supervisor


@contextmanager
def running(folder: DataFolder) -> Iterator[Supervisor]:
    folder.create()
    supervisor = Supervisor([[EmbeddedPostgres(folder, careless=True).process()]], folder.logs, print)
    try:
        supervisor.start()
        yield supervisor
    finally:
        supervisor.stop()


def value(folder: DataFolder, query: str) -> object:
    with psycopg.connect(host=str(folder.sockets), user="otherwise", dbname="otherwise") as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row
        return row[0]


def test_it_is_postgresql_18_with_checksums_and_one_locale(new_folder: DataFolder) -> None:
    with running(new_folder):
        version = value(new_folder, "SHOW server_version")
        checksums = value(new_folder, "SHOW data_checksums")
        locale = value(new_folder, "SELECT datlocale FROM pg_database WHERE datname = current_database()")

    assert str(version).startswith("18.")
    assert checksums == "on"
    assert locale == "C.UTF-8"


def test_our_role_is_no_superuser(new_folder: DataFolder) -> None:
    with running(new_folder):
        assert value(new_folder, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


def test_a_pid_file_that_names_a_stranger_neither_stops_the_start_nor_harms_the_stranger(
    new_folder: DataFolder,
) -> None:
    with running(new_folder):
        pid_file = new_folder.path / "postgres" / "postmaster.pid"
        left_over = pid_file.read_text().partition("\n")[2]
    account = new_folder.account
    # Of the servers' own user, since PostgreSQL sees through the pids of others.
    stranger = subprocess.Popen(["sleep", "600"], **(account.popen_arguments if account else {}))
    pid_file.write_text(f"{stranger.pid}\n{left_over}")

    with running(new_folder):
        assert value(new_folder, "SELECT 1") == 1

    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_an_empty_pid_file_is_no_obstacle(new_folder: DataFolder) -> None:
    with running(new_folder):
        pass
    (new_folder.path / "postgres" / "postmaster.pid").write_text("")

    with running(new_folder):
        assert value(new_folder, "SELECT 1") == 1


def test_a_server_that_someone_else_runs_on_our_data_is_left_alone(
    new_folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("escalation.stack.postgres.LAST_BREATH_S", 0.1)
    with running(new_folder) as first:
        second = Supervisor([[EmbeddedPostgres(new_folder).process()]], new_folder.logs, print)

        with pytest.raises(StackError, match=f"process {first.children[0].pid}"):
            second.start()

        assert value(new_folder, "SELECT 1") == 1


def test_an_interrupted_first_start_is_begun_anew(new_folder: DataFolder) -> None:
    new_folder.create()
    (new_folder.own("postgres.partial") / "half").write_text("")

    with running(new_folder):
        assert value(new_folder, "SELECT 1") == 1
