from escalation.ticks import tick
from escalation.tuning.models import Proposal


@tick("tuning.propose_thresholds")
def propose_thresholds() -> int:
    """Look at every gate whose labels have doubled since the last look."""
    return len(Proposal.objects.make_due())
