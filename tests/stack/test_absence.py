"""A command that needs a server, when none is up."""

import pytest

from escalation.stack.data_folder import DataFolder
from tests.stack.conftest import manage


@pytest.mark.parametrize("command", [("showmigrations",), ("check", "--database", "default")])
def test_it_says_how_to_start_one(new_folder: DataFolder, command: tuple[str, ...]) -> None:
    run = manage(*command, folder=new_folder.path)

    assert run.returncode == 1
    assert run.stderr.startswith(
        f"No PostgreSQL answers at {new_folder.sockets}. Start the product with `make run`"
    )
    assert "Traceback" not in run.stderr


def test_the_doctor_says_that_the_stack_is_down(new_folder: DataFolder) -> None:
    visit = manage("doctor", folder=new_folder.path)

    assert "stack is down; `make run`" in visit.stdout


def test_the_demo_is_refused_on_an_address_that_others_reach(new_folder: DataFolder) -> None:
    run = manage("up", "--host", "0.0.0.0", folder=new_folder.path)

    assert run.returncode == 1
    assert "--no-demo" in run.stderr
    assert not new_folder.path.exists()
