"""Which Messages API the agents talk to: the only place in `agents.llm` that reads the settings."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

ANTHROPIC = "https://api.anthropic.com"
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that speaks the Messages API, and the key it is given."""

    base_url: str
    api_key: str

    @property
    def on_this_machine(self) -> bool:
        """Whether the address is a loopback one, which no proxy may stand before."""
        return urlsplit(self.base_url).hostname in LOOPBACK


def endpoint() -> Endpoint | None:
    """Give the API that the settings name, or nothing when they name neither a key nor an address.

    An address without a key is a Messages API on this machine, which takes any key.
    """
    if not (settings.ANTHROPIC_API_KEY or settings.ANTHROPIC_BASE_URL):
        return None
    return Endpoint(settings.ANTHROPIC_BASE_URL or ANTHROPIC, settings.ANTHROPIC_API_KEY or "local")
