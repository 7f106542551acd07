"""What happens at gates, for the layers above and beside. Receivers run in the same transaction."""

from django.dispatch import Signal

# policy: Policy, not saved yet; before: Policy | None; drafted_by: User | None. A ValidationError refuses it.
adopting = Signal()
# gate: Gate; facts: dict, what the webhook says. Results are not what they were when the threshold was set.
drifted = Signal()
# gate: Gate; facts: dict, what the webhook says. A proposal came into force without anybody being asked.
applied = Signal()
# drill: Drill, which somebody, or the schedule, asks for.
drill_wanted = Signal()
# drill: Drill, which passed or failed.
drill_ended = Signal()
