"""Where a webhook may go: to public addresses over TLS, and nowhere inside our own network."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

PORTS = (443, 8443)
LOCAL_NAMES = (".localhost", ".local", ".internal", ".home.arpa", ".onion")
# Networks that `ipaddress` calls global, though they lead to an address written inside them, or to us.
CARRIERS = [
    ipaddress.ip_network(network)
    for network in (
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # the Azure host: metadata and more
        "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is a cloud's metadata
        "2002::/16",  # 6to4
        "2001::/23",  # Teredo, ORCHID and other protocols; nobody's host has such an address
        "3fff::/20",  # for documentation
    )
]
# What is given out of IPv6. Outside lie NAT64, IPv4 mapped, translated and compatible, site-local and more.
GIVEN_OUT = ipaddress.ip_network("2000::/3")
# ISATAP: the last 32 bits are an IPv4 address inside the network whose prefix stands before.
ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


class DestinationRefused(Exception):
    """We do not send there; the text says why, in words that reveal nothing of our network."""


def check_url(url: str) -> SplitResult:
    """Refuse what can be seen to be wrong without asking the name service; raises DestinationRefused."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise DestinationRefused("not a web address") from None
    if not parts.hostname or not url.isascii() or any(character <= " " for character in url):
        raise DestinationRefused("not a web address")
    if parts.username is not None or parts.password is not None:
        raise DestinationRefused("no user name or password may stand in it")
    if parts.scheme not in ("http", "https"):
        raise DestinationRefused("it must begin with https://")
    if not settings.WEBHOOKS_ALLOW_PRIVATE:
        _check_public(parts, port)
    return parts


def _check_public(parts: SplitResult, port: int | None) -> None:
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "https":
        raise DestinationRefused("it must begin with https://")
    if port not in (None, *PORTS):
        raise DestinationRefused(f"only the ports {PORTS[0]} and {PORTS[1]} are allowed")
    address = literal(host)
    if address is not None and not is_public(address):
        raise DestinationRefused("this address is not public")
    if address is None and ("." not in host or f".{host}".endswith(LOCAL_NAMES)):
        raise DestinationRefused("this name is not public")


def literal(host: str) -> str | None:
    """The address that a host is, also in the decimal, octal and hexadecimal ways that resolvers accept."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def addresses_of(host: str, port: int) -> list[str]:
    """Every address of a host, once resolved and once checked; raises DestinationRefused.

    If one of several is not public, none is used: who owns the name could give us either. The port is checked
    again, as the HTTP library read it.
    """
    if not settings.WEBHOOKS_ALLOW_PRIVATE and port not in PORTS:
        raise DestinationRefused("this port is not allowed")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise DestinationRefused("the name has no address") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not settings.WEBHOOKS_ALLOW_PRIVATE and not all(map(is_public, addresses)):
        raise DestinationRefused("the name leads to an address that is not public")
    return addresses


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet, and leads nowhere else."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if not ip.is_global or ip.is_multicast:
        return False
    if ip.version == 6 and (ip not in GIVEN_OUT or ip.packed[8:12] in ISATAP):
        return False
    return not any(ip in network for network in CARRIERS if network.version == ip.version)
