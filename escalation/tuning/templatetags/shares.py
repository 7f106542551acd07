import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

from django import template

register = template.Library()


@register.filter
def percent(share: float) -> str:
    """A share of 1 as a percentage with three digits that count; small ones are never rounded to nothing."""
    return f"{share * 100:.3g}%"


@register.filter
def at_most(share: float) -> str:
    """A bound as a percentage: rounded up, so that what is shown holds too."""
    return f"{Context(prec=3, rounding=ROUND_CEILING).create_decimal_from_float(share * 100).normalize():f}%"


@register.filter
def upward(threshold: float) -> str:
    """A threshold to be read: rounded up, to three digits of what it lacks to 1. What is applied is exact."""
    return _rounded(threshold, ROUND_CEILING)


@register.filter
def downward(threshold: float) -> str:
    """The same for the upper end of a range: rounded down, so that what is shown lies within."""
    return _rounded(threshold, ROUND_FLOOR)


def _rounded(threshold: float, rounding: str) -> str:
    if threshold >= 1:
        return f"{threshold!r}"
    places = max(4, 2 - math.floor(math.log10(1 - threshold)))
    rounded = Decimal(repr(threshold)).quantize(Decimal(1).scaleb(-places), rounding)
    return f"{rounded.normalize():f}"
