from django.db.models import FloatField, Func

from escalation.queue.models.reason import BLIND_REASONS

UNSTATED = -1.0
BLIND = ", ".join(f"'{reason.value}'" for reason in BLIND_REASONS)


class Stated(Func):
    """The confidence that a reviewer may see; -1 where the agent stated none, or a blind check hides it.

    Called with the columns `reason` and `confidence`. It has no parameters: an index serves it whatever a
    statement binds.
    """

    template = "COALESCE(CASE WHEN %(expressions)s END, -1)"
    arg_joiner = f" NOT IN ({BLIND}) THEN "
    output_field = FloatField()
