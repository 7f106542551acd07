"""The list of programs, and what they are told."""

import pytest

from escalation.stack.data_folder import DataFolder
from escalation.stack.plan import Options, addresses, doors, servers, stand_ins


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
    ],
)
def test_local_means_the_loopback_address(new_folder: DataFolder, host: str, local: bool) -> None:
    assert Options(folder=new_folder, host=host).is_local is local


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
    ],
)
def test_the_address_is_one_that_a_browser_can_open(new_folder: DataFolder, host: str, address: str) -> None:
    assert Options(folder=new_folder, host=host).address == address


def test_without_a_key_the_messages_api_of_this_machine_stands_in(new_folder: DataFolder) -> None:
    known = addresses(Options(folder=new_folder, demo=False), {})

    assert [process.name for process in stand_ins(known, known)] == ["messages_api"]


def test_with_a_key_the_real_messages_api_is_used(new_folder: DataFolder) -> None:
    known = addresses(Options(folder=new_folder, demo=False), {"ANTHROPIC_API_KEY": "key"})

    assert stand_ins(known, known) == []


def test_servers_named_in_the_environment_are_used_instead_of_embedded_ones(new_folder: DataFolder) -> None:
    named = {"DATABASE_URL": "postgres://db/otherwise", "REDIS_URL": "redis://cache"}

    assert servers(new_folder, named, careless=True) == []


def test_web_stops_before_beat_and_beat_before_the_workers(new_folder: DataFolder) -> None:
    started = [process.name for process in doors(Options(folder=new_folder), {})]

    assert started[::-1] == ["web", "beat", "deliverer", "worker"]
