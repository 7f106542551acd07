"""How a stated confidence is read, and what is left of it when an answer is checked by asking again.

Whether it is enough, the gate says: `escalation.gating.exits.judge`.
"""

from collections.abc import Iterable, Sequence


def parse_percent(value: object) -> float | None:
    """A confidence given as a whole number of percent, 0 to 100; None for anything else."""
    if type(value) is not int or not 0 <= value <= 100:
        return None
    return value / 100


def agreement(answer: str, samples: Sequence[str | None]) -> float:
    """The share of the answers to one question that equal the first, itself among them: above 0, up to 1.

    A sample that brought no answer is None, and agrees with nothing. Self-consistency as a confidence: Wang
    et al., ICLR 2023 (arXiv 2203.11171); Xiong et al., ICLR 2024 (arXiv 2306.13063).
    """
    return (1 + sum(sample == answer for sample in samples)) / (1 + len(samples))


def combined(stated: float | None, support: Iterable[float | None]) -> float | None:
    """The least of what was stated and what supports it; None when any of them is missing.

    The least is the Fréchet bound: that all of them hold is at most as likely as the unlikeliest, however
    they hang together. A product would take them for independent, which one model's opinions of its own work
    are not; a mean would let a check raise the number, and models think too well of their work (Xiong et al.;
    for agents Kaddour et al., arXiv 2602.06948). It is also one of the doubles that were given, to the bit.
    """
    least = stated
    for share in support:
        if least is None or share is None:
            return None
        least = min(least, share)
    return least
