"""What each process loads: what takes a second is left to those who need it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

WEB = "import escalation.wsgi; from django.urls import get_resolver; get_resolver().url_patterns"
BEAT = "from escalation.celery import app; app.loader.import_default_modules(); app.finalize()"
WORKER = f"{BEAT}; from celery.signals import worker_init; worker_init.send(None)"


def loaded_by(program: str) -> set[str]:
    """The packages that a process has loaded once it is ready to serve."""
    ask = f"{program}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "escalation.settings"}
    command = [sys.executable, "-W", "ignore", "-c", ask]
    return set(subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize("program", [WEB, BEAT], ids=["web", "beat"])
def test_neither_the_sdk_nor_scipy_is_loaded_by_those_who_do_not_need_it(program: str) -> None:
    assert loaded_by(program) & {"anthropic", "scipy", "agents"} == {"agents"}


def test_a_worker_loads_the_sdk_before_its_processes_are_made() -> None:
    assert "anthropic" in loaded_by(WORKER)
