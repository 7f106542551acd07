"""Where a webhook may go."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from escalation.delivery.destinations import DestinationRefused, addresses_of, check_url, is_public

PUBLIC = ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "192.0.0.9"]
NOT_PUBLIC = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1",
    "::ffff:1.1.1.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001::1", "2001:db8::1",
    "2002:7f00:1::", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_nothing_else_is(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/",
        "https://hooks.example.com:8443/a?b=c#d",
        "https://1.1.1.1/",
        "https://[2606:4700:4700::1111]/",
        "https://xn--bcher-kva.example/",
    ],
)
def test_a_public_address_over_tls_is_allowed(url: str) -> None:
    assert check_url(url).hostname


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "file:///etc/passwd",
        "gopher://hooks.example.com/",
        "ftp://hooks.example.com/",
        "unix:///run/redis.sock",
        "//hooks.example.com/",
        "hooks.example.com",
        "",
        "https://",
        "https:///path",
        "https://user:password@hooks.example.com/",
        "https://user@hooks.example.com/",
        "https://@hooks.example.com/",
        "https://hooks.example.com:22/",
        "https://hooks.example.com:6379/",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com:x/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "https://localhost./",
        "https://app.localhost/",
        "https://metadata.google.internal/",
        "https://printer.local/",
        "https://intranet/",
        "https://hooks.example.com/\r\nHost: x",
        "https://hooks example.com/",
        "https://b\u00fccher.example/",
        "https://[::1/",
    ],
)
def test_everything_else_is_refused_where_it_can_be_seen(url: str) -> None:
    with pytest.raises(DestinationRefused):
        check_url(url)


def test_a_setting_allows_a_receiver_inside_our_own_network(settings: Any) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True

    assert check_url("http://10.0.0.7:9000/hooks").port == 9000


@pytest.mark.parametrize("host", ["localhost", "2130706433", "127.1", "0x7f.1"])
def test_a_name_that_leads_inside_is_refused_when_it_is_resolved(host: str) -> None:
    with pytest.raises(DestinationRefused, match="not public"):
        addresses_of(host, 443)


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def two(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, 1, 6, "", (address, port)) for address in ("1.1.1.1", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", two)

    with pytest.raises(DestinationRefused):
        addresses_of("two-faced.example", 443)


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(DestinationRefused, match="no address"):
        addresses_of("does-not-exist.invalid", 443)
