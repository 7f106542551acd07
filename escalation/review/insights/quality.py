"""How far reviewers agree, and how fast they are: information for leads, with how sure it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from escalation.tuning.agreement import Estimate, Pace, alpha_with_interval, cohens_kappa, pace_of

# Fast is less than this share of what a decision usually takes in the queue.
FAST = 0.25
# Under so many pairs a coefficient says next to nothing.
FEW = 20
# The bootstrap is drawn anew on each page, and must say the same each time.
SEED = 20_110_125


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that two people judged: who, and what each said; of gold the first is the truth."""

    queue: str
    first: str
    first_verdict: str
    second: str
    second_verdict: str
    gold: bool = False

    @property
    def agrees(self) -> bool:
        return self.first_verdict == self.second_verdict


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people of a queue: how often they judged the same thing, agreed, and agreed beyond chance."""

    people: tuple[str, str]
    number: int
    agreed: int
    kappa: float | None

    @property
    def is_few(self) -> bool:
        return self.number < FEW


@dataclass(frozen=True, slots=True)
class Person:
    """One reviewer of a queue: gold found, with its interval, and how fast they decide."""

    name: str
    pace: Pace
    gold_right: int = 0
    gold_seen: int = 0

    @property
    def gold_interval(self) -> tuple[float, float] | None:
        """The two-sided 95 % interval of the share of gold that was found (Clopper and Pearson 1934)."""
        if not self.gold_seen:
            return None
        from scipy.stats import beta  # a second that only those pay who ask for this figure

        right, seen = self.gold_right, self.gold_seen
        low = float(beta.ppf(0.025, right, seen - right + 1)) if right else 0.0
        high = float(beta.ppf(0.975, right + 1, seen - right)) if right < seen else 1.0
        return low, high


@dataclass(frozen=True, slots=True)
class Quality:
    """What can be said of one review queue."""

    queue: str
    looks: int
    agreed: int
    alpha: Estimate
    pairs: Sequence[Pair]
    people: Sequence[Person]
    fast_s: float | None = field(default=None)


Decided = tuple[str, str, str, float | None]  # queue, reviewer, verdict, seconds spent


def qualities(looks: Iterable[Look], decided: Iterable[Decided]) -> list[Quality]:
    """One for each review queue that appears, by name; `decided` in the order of the clock."""
    looked: dict[str, list[Look]] = defaultdict(list)
    said: dict[str, list[tuple[str, str, float | None]]] = defaultdict(list)
    for look in looks:
        looked[look.queue].append(look)
    for queue, who, verdict, seconds in decided:
        said[queue].append((who, verdict, seconds))
    return [_quality(queue, looked[queue], said[queue]) for queue in sorted({*looked, *said})]


def _quality(queue: str, looks: list[Look], decided: list[tuple[str, str, float | None]]) -> Quality:
    seconds = [each for _, _, each in decided if each is not None]
    fast_s = median(seconds) * FAST if seconds else 0.0
    reviews = [look for look in looks if not look.gold]
    return Quality(
        queue=queue,
        looks=len(reviews),
        agreed=sum(look.agrees for look in reviews),
        alpha=alpha_with_interval([(look.first_verdict, look.second_verdict) for look in reviews], SEED),
        pairs=_pairs(reviews),
        people=_people(looks, decided, fast_s),
        fast_s=fast_s or None,
    )


def _pairs(reviews: Iterable[Look]) -> list[Pair]:
    said: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for look in reviews:
        in_order = look.first <= look.second
        people = (look.first, look.second) if in_order else (look.second, look.first)
        verdicts = (look.first_verdict, look.second_verdict)
        said[people].append(verdicts if in_order else (verdicts[1], verdicts[0]))
    return [
        Pair(people, len(pairs), sum(one == other for one, other in pairs), cohens_kappa(pairs))
        for people, pairs in sorted(said.items())
    ]


def _people(
    looks: Iterable[Look], decided: Sequence[tuple[str, str, float | None]], fast_s: float
) -> list[Person]:
    gold: dict[str, list[bool]] = defaultdict(list)
    for look in looks:
        if look.gold:
            gold[look.second].append(look.agrees)
    names = sorted({*gold, *(name for name, _, _ in decided)})
    return [
        Person(
            name=name,
            pace=pace_of([(verdict, seconds) for who, verdict, seconds in decided if who == name], fast_s),
            gold_right=sum(gold[name]),
            gold_seen=len(gold[name]),
        )
        for name in names
    ]
