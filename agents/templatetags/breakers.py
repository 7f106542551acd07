"""What templates need to show a breaker."""

from django import template

register = template.Library()


@register.filter
def spaced(code: str) -> str:
    """A code as words: half_open → half open."""
    return code.replace("_", " ")
