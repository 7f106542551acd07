"""A POST to a machine that may be slow, endless, or not what it says."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from escalation.delivery import destinations, transport
from escalation.delivery.destinations import DestinationRefused
from escalation.delivery.transport import Unreachable, post
from tests.delivery.certified import contexts_for
from tests.delivery.receiver import Receiver, listening
from tests.delivery.rude import WHOLE, dripping, mute, saying, sipping


def test_the_host_and_the_headers_arrive_as_they_were_given(receiver: Receiver) -> None:
    answer = post(receiver.url.replace("127.0.0.1", "localhost"), b"{}", {"webhook-id": "msg_1"})

    (message,) = receiver.messages
    assert answer.status == 204
    assert message.headers["host"] == f"localhost:{receiver.port}"
    assert (message.headers["webhook-id"], message.body) == ("msg_1", b"{}")


def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 302, {"Location": receiver.url}

    answer = post(receiver.url, b"", {})

    assert (answer.status, len(receiver.messages)) == (302, 1)


def test_an_endless_body_is_not_read(receiver: Receiver) -> None:
    receiver.status, receiver.endless = 200, True
    began = time.monotonic()

    answer = post(receiver.url, b"", {})

    assert answer.status == 200
    assert time.monotonic() - began < 60


def test_silence_ends_at_the_limit(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LIMIT_S", 0.5)
    receiver.silent_s = 30

    with pytest.raises(Unreachable, match="no answer within"):
        post(receiver.url, b"", {})


def test_a_byte_now_and_then_does_not_move_the_limit(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    monkeypatch.setattr(transport, "LIMIT_S", 0.5)
    began = time.monotonic()

    with dripping() as port, pytest.raises(Unreachable):
        post(f"http://127.0.0.1:{port}/", b"", {})

    assert time.monotonic() - began < 60


def test_one_who_takes_a_little_now_and_then_does_not_move_the_limit(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    monkeypatch.setattr(transport, "LIMIT_S", 0.5)

    with sipping() as taken, pytest.raises(Unreachable, match="no answer within"):
        post(f"http://127.0.0.1:{taken.port}/", b"x" * WHOLE, {})

    assert taken.bytes < WHOLE / 2


def test_an_address_that_says_nothing_leaves_time_for_the_next(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LIMIT_S", 6.0)
    really = socket.getaddrinfo

    def two(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if host != "hooks.example.com":
            return really(host, port, *arguments, **options)
        return [(socket.AF_INET, 1, 6, "", (address, port)) for address in ("127.0.0.9", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", two)

    with mute("127.0.0.9", receiver.port):
        answer = post(f"http://hooks.example.com:{receiver.port}/", b"", {})

    assert answer.status == 204


@pytest.mark.parametrize(
    ("said", "again"),
    [
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", b""),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nx: ", b"y" * 4096),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0" * 4096),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", b""),
        (b"HTTP/1.1 99999 OK\r\n\r\n", b""),
        (b"\x00\xff\xfe", b""),
        (b"", b""),
    ],
)
def test_what_is_no_answer_is_said_to_be_none(
    said: bytes, again: bytes, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    monkeypatch.setattr(transport, "LIMIT_S", 0.5)

    with saying(said, again) as port, pytest.raises(Unreachable):
        post(f"http://127.0.0.1:{port}/", b"", {})


def test_no_proxy_of_the_environment_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:1/")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    assert post(receiver.url, b"", {}).status == 204


def test_the_connection_goes_to_the_address_that_was_checked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    really = socket.getaddrinfo

    def counted(host: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(host)
        return really("127.0.0.1" if host == "hooks.example.com" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", counted)

    post(f"http://hooks.example.com:{receiver.port}/", b"", {})

    # Afterwards only the address is looked up: the name service could give another answer the second time.
    assert asked.count("hooks.example.com") == 1
    assert receiver.messages[0].headers["host"] == f"hooks.example.com:{receiver.port}"


def test_a_name_that_leads_elsewhere_the_second_time_leads_nowhere(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = False
    answers = iter(["203.0.113.1", "127.0.0.1"])
    monkeypatch.setattr(destinations, "PORTS", (receiver.port,))
    really = socket.getaddrinfo

    def rebound(host: Any, *arguments: Any, **options: Any) -> Any:
        return really(next(answers) if host == "hooks.example.com" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)

    for _ in range(2):  # each try resolves anew, and checks what it got
        with pytest.raises(DestinationRefused, match="not public"):
            post(f"https://hooks.example.com:{receiver.port}/", b"", {})

    assert not receiver.messages


def test_an_address_inside_is_refused_before_anything_is_sent(receiver: Receiver, settings: Any) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = False

    with pytest.raises(DestinationRefused):
        post(receiver.url, b"", {})

    assert not receiver.messages


def test_a_receiver_that_is_who_the_url_names_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    shown, trusting = contexts_for("localhost", tmp_path)
    monkeypatch.setattr(transport, "_trusted", lambda: trusting)

    with listening(tls=shown) as receiver:
        answer = post(f"https://localhost:{receiver.port}/", b"", {})

    assert (answer.status, len(receiver.messages)) == (204, 1)


@pytest.mark.parametrize(
    ("certified", "trusts", "says"),
    [("elsewhere.example.com", True, "Hostname mismatch"), ("localhost", False, "self-signed certificate")],
)
def test_one_who_only_says_so_gets_nothing(
    certified: str, trusts: bool, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    shown, trusting = contexts_for(certified, tmp_path)
    if trusts:
        monkeypatch.setattr(transport, "_trusted", lambda: trusting)

    with listening(tls=shown) as receiver, pytest.raises(Unreachable, match=says):
        post(f"https://localhost:{receiver.port}/", b"", {})

    assert not receiver.messages


def test_a_receiver_that_does_not_speak_tls_is_unreachable(receiver: Receiver) -> None:
    with pytest.raises(Unreachable):
        post(receiver.url.replace("http://", "https://"), b"", {})
