from decimal import ROUND_CEILING, Context

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
