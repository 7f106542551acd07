import pytest

from agents.guards.confidence import parse_percent


@pytest.mark.parametrize(
    ("said", "read"), [(0, 0.0), (75, 0.75), (100, 1.0), (101, None), (-5, None), (75.0, None), (True, None)]
)
def test_only_whole_percents_are_read(said: object, read: float | None) -> None:
    assert parse_percent(said) == read


def test_every_percent_is_the_double_a_threshold_is_written_with() -> None:
    assert all(parse_percent(percent) == float(f"{percent / 100:.2f}") for percent in range(101))
