"""What a model call costs, in whole micro-dollars, so that budgets never meet a rounding error.

The rates are those of `genai-prices`. One dollar per million tokens is one micro-dollar per token.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelPrice, TieredPrices

from agents.llm.turn import Usage


@dataclass(frozen=True, slots=True)
class Band:
    """Rates in micro-dollars per token, for a whole request whose prompt has more than `over` tokens."""

    over: int
    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal

    @property
    def dearest_input(self) -> Decimal:
        """What a prompt token costs at worst: uncached, or written to the cache."""
        return max(self.input, self.cache_write_5m)


@dataclass(frozen=True, slots=True)
class Price:
    """A model's rates, in bands by the size of the prompt, the smallest first."""

    model: str
    bands: tuple[Band, ...]

    def cost(self, usage: Usage) -> int:
        """What a call cost in micro-dollars, rounded up."""
        band = self._band(usage.prompt_tokens)
        return _up(
            usage.input_tokens * band.input
            + usage.output_tokens * band.output
            + usage.cache_read * band.cache_read
            + usage.cache_write_5m * band.cache_write_5m
            + usage.cache_write_1h * band.cache_write_1h
        )

    def worst(self, input_tokens: int, max_tokens: int) -> int:
        """The most micro-dollars a call can cost: nothing read from the cache, every output token used."""
        band = self._band(input_tokens)
        return _up(input_tokens * band.dearest_input + max_tokens * band.output)

    def _band(self, prompt_tokens: int) -> Band:
        return next(band for band in reversed(self.bands) if prompt_tokens > band.over or band.over == 0)


def price_of(model: str, at: datetime | None = None) -> Price | None:
    """Give the model's price at a moment (now, unless told); None when unknown: then no call may be made."""
    try:
        _, found = get_snapshot().find_provider_model(model, None, "anthropic", None)
    except LookupError:
        return None
    rates = found.get_prices(at or datetime.now(UTC))
    if not (rates.input_mtok and rates.output_mtok):
        return None
    starts = {0} | {tier.start for price in _tiered(rates) for tier in price.tiers}
    return Price(model, tuple(_band(over, rates) for over in sorted(starts)))


def _tiered(rates: ModelPrice) -> list[TieredPrices]:
    return [price for price in rates.__dict__.values() if isinstance(price, TieredPrices)]


def _band(over: int, rates: ModelPrice) -> Band:
    base = _rate(rates.input_mtok, over) or Decimal(0)
    return Band(
        over=over,
        input=base,
        output=_rate(rates.output_mtok, over) or Decimal(0),
        cache_read=_rate(rates.cache_read_mtok, over) or base,
        # Anthropic's own multiples, for a model whose row does not say.
        cache_write_5m=_rate(rates.cache_write_mtok, over) or base * Decimal("1.25"),
        cache_write_1h=_rate(rates.cache_write_1h_mtok, over) or base * 2,
    )


def _rate(price: Decimal | TieredPrices | None, over: int) -> Decimal | None:
    if not isinstance(price, TieredPrices):
        return price
    return next((tier.price for tier in reversed(price.tiers) if tier.start <= over), price.base)


def _up(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_CEILING))
