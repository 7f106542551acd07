"""How a stated confidence is read. Whether it is enough, the gate says: `escalation.gating.exits.judge`."""


def parse_percent(value: object) -> float | None:
    """A confidence given as a whole number of percent, 0 to 100; None for anything else."""
    if type(value) is not int or not 0 <= value <= 100:
        return None
    return value / 100
