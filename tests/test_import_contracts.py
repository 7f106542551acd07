"""The import contracts hold, and a breach of each is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BREACHES = {
    "escalation/queue/models/event.py": "import escalation.gating.exits",
    "escalation/gating/rules.py": "import escalation.tuning.statistics",
    "escalation/tuning/apps.py": "import escalation.delivery.payloads",
    "escalation/delivery/payloads.py": "import escalation.api.apps",
    "escalation/review/apps.py": "import escalation.api.apps",
    "agents/apps.py": "import escalation.review.apps",
    "agents/guards/verdict.py": "import agents.transcript",
    "agents/guards/loop.py": "import django.conf",
    "agents/models.py": "import agents.stores.connection",
    "agents/llm/turn.py": "import agents.run.runner",
    "agents/run/work.py": "import agents.run.ending",
    "agents/run/ending.py": "import escalation.api.problems",
    "agents/asking.py": "import anthropic",
    "escalation/gating/exits.py": "import django.db",
    "escalation/gating/go_live.py": "import redis",
    "escalation/tuning/statistics.py": "import celery",
}


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(
        command, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, text=True
    )


@pytest.fixture
def a_copy(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", "*.css", "*.js")
    for package in ("escalation", "agents"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold(a_copy: Path) -> None:
    checked = lint_imports(a_copy)

    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(("file", "breach"), BREACHES.items())
def test_a_breach_is_found(a_copy: Path, file: str, breach: str) -> None:
    planted = a_copy / file
    planted.write_text(f"{planted.read_text()}\n{breach}\n")

    checked = lint_imports(a_copy)

    assert checked.returncode != 0
    assert "BROKEN" in checked.stdout
