"""What gates tell the apps above them. Sent inside the transaction of what happened."""

from django.dispatch import Signal

drill_wanted = Signal()  # drill: somebody, or the schedule, asks for a rehearsal
drill_ended = Signal()  # drill: it passed or failed
