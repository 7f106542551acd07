from django.db.models.functions import Now

from escalation.access.models import Remembered, Session
from escalation.ticks import tick


@tick("access.forget")
def forget() -> int:
    """Delete sessions, and tries to sign in, that count no more."""
    sessions, _ = Session.objects.filter(expire_date__lt=Now()).delete()
    tries, _ = Remembered.objects.filter(expires__lt=Now()).delete()
    return sessions + tries
