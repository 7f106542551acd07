"""Deadlines in working hours: nights, week-ends, days off, and days of 23 and 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.queue.hours import DAYS, Hours, due, is_open, worked
from escalation.queue.opening import (
    faults_of_closures,
    faults_of_week,
    read_closures,
    read_spans,
    write_spans,
)

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Hours(BERLIN, {day: [("09:00", "17:00")] for day in DAYS[:5]})
NIGHTS = Hours(BERLIN, {day: [("00:00", "06:00"), ("22:00", "24:00")] for day in DAYS})
CHRISTMAS = Hours(BERLIN, OFFICE.week, [(date(2026, 12, 24), date(2026, 12, 27))])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("hours", "start", "hours_allowed", "expected"),
    [
        (Hours(BERLIN, {}), "2026-11-20T23:00", 4, "2026-11-21T03:00"),
        (OFFICE, "2026-11-18T10:00", 4, "2026-11-18T14:00"),
        (OFFICE, "2026-11-20T16:00", 2, "2026-11-23T10:00"),  # over a week-end
        (OFFICE, "2026-11-21T12:00", 8, "2026-11-23T17:00"),  # ends as the day does
        (CHRISTMAS, "2026-12-23T16:30", 1, "2026-12-28T09:30"),  # over days off
        (NIGHTS, "2026-03-28T23:00", 2, "2026-03-29T01:00"),
        (NIGHTS, "2026-03-28T23:00", 4, "2026-03-29T04:00"),  # 02:00 to 03:00 does not exist
        (
            NIGHTS,
            "2026-10-24T23:00",
            4,
            "2026-10-25T02:00",
        ),  # 02:00 to 03:00 comes twice: to its second coming
    ],
)
def test_the_due_moment(hours: Hours, start: str, hours_allowed: float, expected: str) -> None:
    moment = due(at(start), timedelta(hours=hours_allowed), hours)

    fold = 1 if expected.startswith("2026-10-25") else 0
    assert moment.astimezone(UTC) == at(expected).replace(fold=fold).astimezone(UTC)


def test_a_queue_that_is_always_closed_is_due_in_ten_years() -> None:
    never = Hours(BERLIN, {"mon": [("09:00", "09:01")]}, [(date(2026, 1, 1), date(2099, 1, 1))])

    assert due(at("2026-11-20T12:00"), timedelta(hours=1), never) == at("2026-11-20T12:00") + timedelta(
        days=3660
    )


clocks = st.integers(0, 24 * 12).map(lambda n: f"{n // 12:02}:{n % 12 * 5:02}")
days = (
    st.lists(clocks, max_size=6, unique=True)
    .map(sorted)
    .map(lambda edges: list(zip(edges[::2], edges[1::2], strict=False)))
)
weeks = st.dictionaries(st.sampled_from(DAYS), days)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
# Both changes of the clock, in each of the zones, lie in this year.
moments = st.integers(0, 364 * 86_400).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s))
closures = st.lists(
    st.tuples(st.dates(date(2026, 1, 1), date(2027, 1, 1)), st.integers(0, 20)).map(
        lambda pair: (pair[0], pair[0] + timedelta(days=pair[1]))
    ),
    max_size=3,
)
some_hours = st.builds(
    lambda zone, week, closed: Hours(ZoneInfo(zone), {d: s for d, s in week.items() if s}, closed),
    zones,
    weeks,
    closures,
)


@given(some_hours, moments, st.integers(1, 200_000))
def test_what_was_worked_until_the_due_moment_is_what_was_allowed(
    hours: Hours, start: datetime, seconds: int
) -> None:
    allowed = timedelta(seconds=seconds)

    moment = due(start, allowed, hours)

    assert worked(start, moment, hours) == allowed
    assert is_open(moment - timedelta(microseconds=1), hours)


@given(some_hours, st.tuples(moments, moments, moments).map(sorted))
def test_working_time_adds_up(hours: Hours, in_order: list[datetime]) -> None:
    first, middle, last = in_order

    whole = worked(first, last, hours)

    assert whole == worked(first, middle, hours) + worked(middle, last, hours)
    assert timedelta() <= whole <= last - first


@given(some_hours, moments, st.integers(1, 100_000), st.integers(0, 100_000))
def test_more_time_is_never_due_earlier(hours: Hours, start: datetime, seconds: int, more: int) -> None:
    earlier, later = (due(start, timedelta(seconds=given), hours) for given in (seconds, seconds + more))

    assert start < earlier <= later


@pytest.mark.parametrize(
    ("week", "fault"),
    [
        ([], "not a table of weekdays"),
        ({"monday": []}, "monday: not a weekday; choose among mon, tue, wed, thu, fri, sat, sun"),
        ({"mon": ["09:00-17:00"]}, "mon: write spans like 09:00-17:30"),
        ({"mon": [["25:00", "26:00"]]}, "mon: write spans like 09:00-17:30"),
        ({"tue": [["09:00", "12:00"], ["11:00", "13:00"]]}, "tue: two spans overlap"),
    ],
)
def test_hours_that_cannot_be_meant_are_refused(week: object, fault: str) -> None:
    assert faults_of_week(week) == [fault]


def test_a_span_over_midnight_is_written_as_two() -> None:
    (fault,) = faults_of_week({"mon": [["22:00", "06:00"]]})

    assert fault.startswith("mon: a span must end after it begins")


def test_what_ops_write_is_read_and_written_back() -> None:
    assert read_spans("09:00-12:00, 13:00 - 17:30") == [["09:00", "12:00"], ["13:00", "17:30"]]
    assert write_spans([["09:00", "12:00"], ["13:00", "17:30"]]) == "09:00-12:00, 13:00-17:30"
    assert read_spans("nine to five") is None
    assert read_closures("2026-12-24 to 2026-12-26 Christmas\n\n2027-01-01") == [
        {"from": "2026-12-24", "until": "2026-12-26", "note": "Christmas"},
        {"from": "2027-01-01", "until": "2027-01-01", "note": ""},
    ]
    assert faults_of_closures([{"from": "2026-12-26", "until": "2026-12-24"}]) == [
        "2026-12-26 to 2026-12-24: it ends before it begins"
    ]
