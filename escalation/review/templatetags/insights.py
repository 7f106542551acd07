"""How the insights page writes a number."""

from collections.abc import Sequence

from django import template

register = template.Library()


@register.filter
def at(values: Sequence[str], place: int) -> str:
    return values[place]


@register.filter
def figure_number(value: float | None, unit: str) -> str:
    """A number as the table has it: a share as per cent, a dash for none."""
    if value is None:
        return "–"  # noqa: RUF001
    if unit == "%" and value <= 1:
        return f"{value * 100:.1f} %"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
