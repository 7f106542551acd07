"""What beat sends: ticks that reach workers whose clocks are not beat's."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.utils.timezone import now

from escalation.celery import app


@pytest.mark.parametrize("name", settings.CELERY_BEAT_SCHEDULE)
def test_a_beat_that_is_minutes_behind_is_heard_all_the_same(
    name: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE[name]
    monkeypatch.setattr(app, "now", lambda: now() - timedelta(minutes=4))

    app.send_task(entry["task"], **entry["options"])

    sent: Any = redis_client.lindex(settings.CELERY_TASK_DEFAULT_QUEUE, 0)
    message = json.loads(sent)
    expires = message["headers"]["expires"]
    assert datetime.fromisoformat(expires) > now()
