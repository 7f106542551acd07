"""The Celery application: its settings are the `CELERY_…` names in settings.py."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "escalation.settings")

app = Celery("otherwise")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Heard by workers alone, and only when it is known before they start.
app.loader.import_module("escalation.workers")
