"""When news may leave: digests, the rate, quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.delivery.news import News, compose
from escalation.delivery.pacing import Pace, leaves_at, pause_after

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Pace(quiet_from=time(22), quiet_until=time(7), zone=BERLIN)


@pytest.mark.parametrize(
    ("pace", "moment", "oldest", "sent", "expected"),
    [
        (Pace(), NOON, NOON, [], NOON),
        (Pace(timedelta(hours=1)), NOON, NOON - timedelta(minutes=20), [], NOON + timedelta(minutes=40)),
        (Pace(timedelta(hours=1)), NOON, NOON - timedelta(hours=2), [], NOON),
        (
            Pace(most_per_hour=2),
            NOON,
            NOON,
            [NOON - timedelta(minutes=50), NOON - timedelta(minutes=10)],
            NOON + timedelta(minutes=10),
        ),
        (Pace(most_per_hour=2), NOON, NOON, [NOON - timedelta(minutes=61), NOON], NOON),
        (
            NIGHT,
            datetime(2026, 11, 18, 22, tzinfo=BERLIN),
            NOON,
            [],
            datetime(2026, 11, 19, 7, tzinfo=BERLIN),
        ),
        (NIGHT, datetime(2026, 11, 19, 3, tzinfo=BERLIN), NOON, [], datetime(2026, 11, 19, 7, tzinfo=BERLIN)),
        (NIGHT, datetime(2026, 11, 19, 7, tzinfo=BERLIN), NOON, [], datetime(2026, 11, 19, 7, tzinfo=BERLIN)),
        # 02:30 does not come on this night: the clock goes from 02:00 to 03:00.
        (
            Pace(quiet_from=time(1), quiet_until=time(2, 30), zone=BERLIN),
            datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN),
            datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN),
            [],
            datetime(2026, 3, 29, 3, 30, tzinfo=BERLIN),
        ),
    ],
)
def test_when_it_leaves(
    pace: Pace, moment: datetime, oldest: datetime, sent: list[datetime], expected: datetime
) -> None:
    assert leaves_at(pace, moment, oldest, sent).astimezone(UTC) == expected.astimezone(UTC)


@given(st.lists(st.integers(0, 600), min_size=1, max_size=60), st.integers(1, 5))
def test_no_hour_has_more_messages_than_somebody_wants(gaps: list[int], most: int) -> None:
    pace, moment, sent = Pace(most_per_hour=most), NOON, list[datetime]()

    for gap in gaps:
        moment += timedelta(seconds=gap)
        if leaves_at(pace, moment, moment, sent) <= moment:
            sent.append(moment)

    hours = [[at for at in sent if end - timedelta(hours=1) < at <= end] for end in sent]
    assert max(map(len, hours)) <= most


def test_a_message_is_given_up_after_the_last_pause() -> None:
    assert [pause_after(n) is None for n in (1, 5, 6)] == [False, False, True]


def test_a_title_cannot_begin_a_line_or_a_header_of_its_own() -> None:
    hostile = "Where?\nBcc: everybody@example.com\r\n\x1b[2J" + "x" * 500

    message = compose(
        [News("waiting", {"title": hostile, "agent": "support"}, "/escalations/7/", "k")], "https://q"
    )

    assert "\n" not in message.subject
    assert message.text.count("\n") == 3
    assert message.url == "https://q/escalations/7/"
    assert len(message.subject) < 250


def test_several_pieces_of_news_are_one_message() -> None:
    news = [News("reminder", {"title": f"No {n}"}, f"/escalations/{n}/", f"k{n}") for n in range(3)]

    message = compose(news, "https://q")

    assert message.subject == "3 pieces of news from Otherwise"
    assert message.text.count("https://q/escalations/") == 3
