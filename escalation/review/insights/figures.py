"""From days that were counted to the charts of the insights page, each with its table (PURE)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from escalation.charts import Numbers, Picture, lined, stacked
from escalation.review.insights.reading import Reader, upper_bound

EXITS = ("accepted", "rule", "cached", "default", "human")
DEGRADED = ("rule", "cached", "default")
VERDICTS = ("accept", "edit", "reject", "answer", "continue", "retry", "dismiss")
# How many days an error rate looks back from each day.
TRAILING = 28
MOST_SERIES = 7


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart: its numbers as a table, how they are written, and what a legend says of each series."""

    slug: str
    title: str
    says: str
    picture: Picture
    names: Sequence[str]
    days: Sequence[date]
    columns: Sequence[Numbers]
    unit: str = ""
    tones: Sequence[str] = ()  # a class of colour for each series
    is_empty: bool = False

    @property
    def rows(self) -> list[tuple[date, list[float | None]]]:
        values = list(zip(*self.columns, strict=True))
        return [(day, list(row)) for day, row in zip(self.days, values, strict=True)]

    @property
    def series(self) -> list[tuple[str, str]]:
        return list(zip(self.names, self.tones, strict=True))


def figures(reader: Reader, waiting: int) -> list[Figure]:
    """Every chart of the page, in its order; `waiting` is how many wait now."""
    return [make(reader, waiting) for make in MAKERS]


def _stacked(
    slug: str,
    title: str,
    says: str,
    reader: Reader,
    parts: Sequence[tuple[str, str, Numbers]],
    unit: str = "",
) -> Figure:
    names, tones, columns = (
        [part[0] for part in parts],
        [part[1] for part in parts],
        [part[2] for part in parts],
    )
    picture = stacked(reader.span.labels, columns, names) if parts else Picture()
    empty = not any(value for column in columns for value in column)
    return Figure(slug, title, says, picture, names, reader.span.periods, columns, unit, tones, empty)


def _lined(
    slug: str,
    title: str,
    says: str,
    reader: Reader,
    parts: Sequence[tuple[str, str, Numbers]],
    unit: str = "",
) -> Figure:
    names, tones, columns = (
        [part[0] for part in parts],
        [part[1] for part in parts],
        [part[2] for part in parts],
    )
    share = unit == "%"
    picture = lined(reader.span.labels, columns, percent=share)
    empty = all(value is None for column in columns for value in column)
    return Figure(slug, title, says, picture, names, reader.span.periods, columns, unit, tones, empty)


def backlog(reader: Reader, waiting: int) -> Figure:
    """How many waited at the end of each period: walked back from now, so that it is exact."""
    came, went = (
        reader.of("arrivals"),
        [sum(pair) for pair in zip(reader.of("decisions"), reader.of("ended"), strict=True)],
    )
    level, levels = float(waiting), list[float]()
    for more, less in zip(reversed(came), reversed(went), strict=True):
        levels.append(max(level, 0))
        level += less - more
    parts = [("waiting", "tone-accent", levels[::-1])]
    return _stacked("backlog", "Backlog", "How many were open when the day ended.", reader, parts)


def age(reader: Reader, _: int) -> Figure:
    hours = [value / 3600 or None for value in reader.of("oldest", total=True)]
    says = "How long the oldest of the first in line had waited when the day ended."
    return _lined("age", "Age of the backlog", says, reader, [("oldest", "tone-warning", hours)], "h")


def arrivals(reader: Reader, _: int) -> Figure:
    parts: list[tuple[str, str, Numbers]] = [
        ("arrived", "tone-1", reader.of("arrivals")),
        ("decided", "tone-positive", reader.of("decisions")),
        ("expired or withdrawn", "tone-muted", reader.of("ended")),
    ]
    return _lined("arrivals", "Arrivals against decisions", "What comes in, and what leaves.", reader, parts)


def times(measure: str, slug: str, title: str, says: str) -> Callable[[Reader, int], Figure]:
    def make(reader: Reader, _: int) -> Figure:
        half, most = (
            [value and value / 60 for value in reader.quantile(measure, share)] for share in (0.5, 0.9)
        )
        parts: list[tuple[str, str, Numbers]] = [
            ("half within", "tone-accent", half),
            ("nine in ten within", "tone-warning", most),
        ]
        return _lined(slug, title, says, reader, parts, "min")

    return make


def reasons(reader: Reader, _: int) -> Figure:
    return _stacked(
        "reasons", "Reasons", "Why results came to a human.", reader, _by_label(reader, "arrivals")
    )


def _by_label(reader: Reader, measure: str) -> list[tuple[str, str, Numbers]]:
    labels = reader.labels(measure)
    shown, rest = labels[:MOST_SERIES], labels[MOST_SERIES:]
    parts: list[tuple[str, str, Numbers]] = [
        (label.replace("_", " "), f"tone-{n + 1}", reader.of(measure, label)) for n, label in enumerate(shown)
    ]
    if rest:
        others = [sum(column) for column in zip(*(reader.of(measure, label) for label in rest), strict=True)]
        parts.append(("all others", "tone-muted", others))
    return parts


def exits(reader: Reader, _: int) -> Figure:
    tones = ("tone-positive", "tone-3", "tone-2", "tone-warning", "tone-accent")
    parts = [(label, tone, reader.of("exits", label)) for label, tone in zip(EXITS, tones, strict=True)]
    return _stacked("exits", "Exits", "Where results went.", reader, [p for p in parts if any(p[2])])


def automation(reader: Reader, _: int) -> Figure:
    whole = reader.of("exits")
    shares = {label: _shares(reader.of("exits", label), whole) for label in EXITS}
    degraded = [
        sum(each or 0 for each in column) if any(v is not None for v in column) else None
        for column in zip(*(shares[label] for label in DEGRADED), strict=True)
    ]
    parts: list[tuple[str, str, Numbers]] = [
        ("accepted", "tone-positive", shares["accepted"]),
        ("degraded", "tone-warning", degraded),
    ]
    says = "The share of results that needed no human, as they were or by a stand-in."
    return _lined("automation", "Automation rate", says, reader, parts, "%")


def _shares(parts: Sequence[float], wholes: Sequence[float]) -> list[float | None]:
    return [part / whole if whole else None for part, whole in zip(parts, wholes, strict=True)]


def audits(reader: Reader, _: int) -> Figure:
    wrong, right = reader.of("audits", "wrong"), reader.of("audits", "right")
    back = TRAILING // 7 if reader.span.weekly else TRAILING
    sums = [
        (sum(wrong[max(0, n - back + 1) : n + 1]), sum(right[max(0, n - back + 1) : n + 1]))
        for n in range(len(wrong))
    ]
    error = [bad / (bad + good) if bad + good else None for bad, good in sums]
    bound = [upper_bound(bad, bad + good) for bad, good in sums]
    parts: list[tuple[str, str, Numbers]] = [
        ("seen", "tone-negative", error),
        ("at most, 95 % sure", "tone-muted", bound),
    ]
    says = "What blind audits of accepted results found wrong in 28 days, and what the rate is at most."
    figure = _lined("audit-error", "Audit error", says, reader, parts, "%")
    checked: list[float | None] = [bad + good for bad, good in sums]
    picture = lined(reader.span.labels, [error, bound], band=(error, bound), percent=True)
    return Figure(
        **{name: getattr(figure, name) for name in ("slug", "title", "says", "unit", "is_empty", "days")},
        picture=picture,
        names=[*figure.names, "audits in 28 days"],
        columns=[error, bound, checked],
        tones=[*figure.tones, ""],
    )


def verdicts(reader: Reader, _: int) -> Figure:
    tones = ("tone-positive", "tone-warning", "tone-negative", "tone-1", "tone-4", "tone-5", "tone-muted")
    parts = [
        (label, tone, reader.of("decisions", label)) for label, tone in zip(VERDICTS, tones, strict=True)
    ]
    return _stacked("verdicts", "Verdicts", "What humans said.", reader, [p for p in parts if any(p[2])])


def agreement(reader: Reader, _: int) -> Figure:
    parts = [("same verdict", "tone-positive", reader.of("agreed", "same"))]
    parts.append(("another verdict", "tone-negative", reader.of("agreed", "other")))
    says = "What second reviewers said who did not know the first verdict."
    return _stacked("agreement", "Agreement between reviewers", says, reader, parts)


def spent(reader: Reader, _: int) -> Figure:
    parts = [("dollars", "tone-accent", reader.of("spent", total=True))]
    return _stacked("spent", "Budgets spent", "What runs of these agents cost.", reader, parts, "US$")


def breakers(reader: Reader, _: int) -> Figure:
    return _stacked(
        "breakers",
        "Circuits opened",
        "How often a dependency was given up on.",
        reader,
        _by_label(reader, "opened"),
    )


MAKERS: Sequence[Callable[[Reader, int], Figure]] = (
    backlog,
    age,
    arrivals,
    times("to_claim", "time-to-claim", "Time to claim", "From being raised until somebody looked."),
    times("to_decision", "time-to-decision", "Time to decision", "From being raised until it was decided."),
    reasons,
    exits,
    automation,
    audits,
    verdicts,
    agreement,
    spent,
    breakers,
)
