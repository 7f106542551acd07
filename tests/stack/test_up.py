"""`manage.py up`: the whole product with one command, and nothing of it afterwards."""

import signal
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import psutil
import psycopg
import pytest
import redis

from escalation.stack.data_folder import DataFolder
from escalation.stack.readiness import answers, worker_answers
from tests.stack.conftest import RunningStack, running_stack


def test_one_command_brings_up_the_sign_in_page(stack: RunningStack) -> None:
    with urlopen(stack.address, timeout=60) as page:
        text = page.read().decode()

    assert page.status == 200
    assert 'type="password"' in text


def test_the_address_and_the_sign_ins_are_printed(stack: RunningStack) -> None:
    printed = stack.output.read_text()

    assert stack.address in printed
    assert "alice" in printed


def test_a_second_stack_on_the_same_data_is_refused(stack: RunningStack) -> None:
    second = stack.manage("up", "--port", "0")

    assert second.returncode == 1
    assert second.stderr.startswith(f"CommandError: Already up on {stack.folder.path}: {stack.address}")
    assert len(second.stderr.splitlines()) == 1


def test_other_commands_find_the_servers_through_the_data_folder(stack: RunningStack) -> None:
    found = stack.manage(
        "shell", "-c", "from django.contrib.auth.models import User; print(User.objects.count())"
    )

    assert found.returncode == 0, found.stderr
    assert int(found.stdout.split()[-1]) >= 3


def test_only_the_doors_on_the_loopback_address_listen(stack: RunningStack) -> None:
    connections = []
    for process in stack.processes():
        with suppress(psutil.NoSuchProcess):  # PostgreSQL has processes that come and go
            connections += process.net_connections("tcp")

    listening = {each.laddr.ip for each in connections if each.status == psutil.CONN_LISTEN}

    assert listening == {"127.0.0.1"}
    for server in ("bin/postgres", "redis-server"):
        assert not stack.leader(server).net_connections("tcp")


def test_nobody_else_enters_the_data_folder(stack: RunningStack) -> None:
    for path in (
        stack.folder.path,
        stack.folder.sockets,
        stack.folder.logs,
        stack.folder.path / "secret_key",
    ):
        assert not path.stat().st_mode & stat.S_IRWXO


def test_the_servers_do_not_run_as_root(stack: RunningStack) -> None:
    for server in ("bin/postgres", "redis-server"):
        assert stack.leader(server).uids().real != 0


def test_the_doctor_finds_nothing_wrong(stack: RunningStack) -> None:
    visit = stack.manage("doctor")

    assert visit.returncode == 0, visit.stdout
    assert "✗" not in visit.stdout


@pytest.mark.parametrize(
    "server", ["bin/postgres", "redis-server", "worker@%h", "deliverer@%h", "beat", "gunicorn"]
)
def test_what_is_killed_comes_back(stack: RunningStack, server: str) -> None:
    killed = stack.leader(server)

    killed.kill()

    _eventually(lambda: not killed.is_running() and stack.leader(server).is_running())
    _eventually(lambda: _query(stack.folder) == 1)
    _eventually(lambda: redis.Redis(unix_socket_path=str(stack.folder.redis_socket)).ping())
    broker = f"redis+socket://{stack.folder.redis_socket}"
    _eventually(lambda: worker_answers(broker, "worker") and worker_answers(broker, "deliverer"))
    _eventually(lambda: answers(f"{stack.address}/readyz"))


def test_ctrl_c_leaves_nothing_behind(new_folder: DataFolder) -> None:
    with running_stack(new_folder, "--ephemeral") as stack:
        processes = stack.processes()
        folder = Path(stack.output.read_text().partition("logs: ")[2].split()[0]).parent
        assert folder.exists()

        stack.up.send_signal(signal.SIGINT)

        assert stack.up.wait(120) == 0
    assert not [process for process in processes if process.is_running()]
    assert not folder.exists()
    assert not answers(stack.address)


def test_a_killed_supervisor_leaves_no_process_and_its_data_serve_again(new_folder: DataFolder) -> None:
    with running_stack(new_folder) as stack:
        processes = stack.processes()
        assert len(processes) > 12

        stack.up.kill()

        alive = psutil.wait_procs(processes, timeout=60)[1]
        assert not alive
    with running_stack(new_folder) as stack:
        assert answers(stack.address)


def _query(folder: DataFolder) -> int:
    with psycopg.connect(host=str(folder.sockets), user="otherwise", dbname="otherwise") as connection:
        return connection.execute("SELECT 1").rowcount


def _eventually(holds: Callable[[], object], within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            if holds():
                return
        except (StopIteration, psutil.Error, psycopg.Error, redis.RedisError):
            pass
        assert time.monotonic() < deadline
        time.sleep(0.1)
