"""What the table of the bench says."""

from bench.table import Line, Spread, table


def test_a_ratio_is_taken_round_by_round() -> None:
    ours, theirs = Spread((2.0, 40.0, 6.0), "ms"), Spread((1.0, 10.0, 2.0), "ms")

    ratio = ours.over(theirs)

    assert ratio.values == (2.0, 4.0, 3.0)
    assert ratio.median == 3.0


def test_a_spread_shows_its_median_between_its_extremes() -> None:
    spread = Spread((412.4, 98.76, 7.123), "/s", of="stock")

    assert str(spread) == "stock 98.8 /s (7.12 to 412)"


def test_a_broken_promise_is_loud() -> None:
    line = Line(work="claim", ours=Spread((9.0,), "ms"), promise="≤ 5 ms", kept=False)

    printed = table([line])

    assert printed.splitlines()[-1].split(" | ") == [
        "| claim",
        "         ",
        "9.00 ms",
        "     ",
        "≤ 5 ms ",
        "NO    |",
    ]
