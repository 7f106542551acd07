"""Otherwise: the missing else branch for AI agents."""

import django_stubs_ext

from escalation.celery import app as celery_app

__all__ = ["celery_app"]

django_stubs_ext.monkeypatch()
