"""Where a webhook may go."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from escalation.delivery.destinations import DestinationRefused, addresses_of, check_url, is_public

PUBLIC = ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2001:200::1", "2a00:1450:4001::200e"]
NOT_PUBLIC = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16",
    "169.254.169.254", "169.254.170.2", "172.16.0.1", "192.0.0.9", "192.0.0.192", "192.0.2.1",
    "198.51.100.1", "203.0.113.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "224.0.0.1", "239.1.1.1",
    "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:1.1.1.1",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001::1", "2001:db8::1", "2001:10::1",
    "2001:1::1", "2001:20::1", "2001:30::1", "2001:1ff:ffff::1",
    "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:a00:1", "3fff::1", "4000::1", "5f00::1", "100::1",
    "::ffff:169.254.169.254", "fec0::1", "fd00:ec2::23", "2002:7f00:1::", "fc00::1", "fd00:ec2::254",
    "fe80::1", "fe80::1%eth0", "ff02::1",
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
        "HTTPS://HOOKS.EXAMPLE.COM./",
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
        "https://[::ffff:a9fe:a9fe]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://0xa9fea9fe/",
        "https://2852039166/",
        "https://169.254.169.254./",
        "https://[fd00:ec2::254]/",
        "https://192.0.0.192/opc/v2/instance/",
        "https://hooks.example.com\\@127.0.0.1/",
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
        "https://\uff11\uff12\uff17.0.0.1/",
        "https://017700000001/",
        "https://10.1/",
        "https://[::ffff:10.0.0.1]:443/",
        "https://[2002:a00:1::]/",
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


@pytest.mark.parametrize(
    "address",
    ["::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "fd00:ec2::254", "169.254.169.254"],
)
def test_what_a_name_resolves_to_is_checked_in_every_form(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolved(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET6, 1, 6, "", (address, port, 0, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)

    with pytest.raises(DestinationRefused, match="not public"):
        addresses_of("hooks.example.com", 443)


@pytest.mark.parametrize("port", [22, 80, 5432, 6379])
def test_a_port_that_only_the_http_library_saw_is_refused(port: int) -> None:
    with pytest.raises(DestinationRefused, match="port"):
        addresses_of("1.1.1.1", port)


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(DestinationRefused, match="no address"):
        addresses_of("does-not-exist.invalid", 443)
