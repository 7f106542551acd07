from django.utils.timezone import now

from escalation.ticks import tick
from escalation.tuning.models import Calibration, Proposal, Tally, Watch


@tick("tuning.propose_thresholds")
def propose_thresholds() -> int:
    """Look at every gate whose labels have doubled since the last look; apply what may be without asking."""
    moment = now()
    escalated, made = Proposal.objects.escalate_due(moment), Proposal.objects.make_due()
    return len(escalated) + len(made) + len(Proposal.objects.apply_due(moment))


@tick("tuning.tally")
def tally() -> int:
    """Count what has settled since the last tick, so that no page has to."""
    return Tally.objects.count_on(now())


@tick("tuning.calibrate")
def calibrate() -> int:
    """Learn anew what a confidence means where labels have come in."""
    return len(Calibration.objects.make_due())


@tick("tuning.watch_for_drift")
def watch_for_drift() -> int:
    """Let the watch at every gate see what came since the last tick."""
    return Watch.objects.feed_all(now())
