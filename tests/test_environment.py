"""`.env.example` and the settings name the same variables."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
# Read by docker-compose.yml alone.
COMPOSE_ONLY = {"DELIVERIES", "POSTGRES_PASSWORD", "WEB_ADDRESS", "WORKERS"}


def read_by_the_code() -> set[str]:
    sources = (
        PROJECT / "escalation" / "settings.py",
        PROJECT / "escalation" / "stack" / "gunicorn_settings.py",
    )
    text = "".join(source.read_text() for source in sources)
    return set(re.findall(r'\b(?:env\.\w+|environ\.get|text)\(\s*"([A-Z_]+)"', text))


def listed() -> set[str]:
    return set(re.findall(r"^#?([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))


def test_every_variable_is_listed() -> None:
    assert read_by_the_code() <= listed()


def test_every_listed_variable_is_read() -> None:
    assert listed() - COMPOSE_ONLY <= read_by_the_code()
