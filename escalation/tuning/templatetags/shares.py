from django import template

register = template.Library()


@register.filter
def percent(share: float) -> str:
    """A share of 1 as a percentage with three digits that count; small ones are never rounded to nothing."""
    return f"{share * 100:.3g}%"
