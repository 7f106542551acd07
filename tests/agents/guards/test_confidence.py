"""A stated confidence is read strictly, and asking again never raises it."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.guards.confidence import agreement, combined, parse_percent

shares = st.floats(0, 1)


@pytest.mark.parametrize(
    ("said", "read"), [(0, 0.0), (75, 0.75), (100, 1.0), (101, None), (-5, None), (75.0, None), (True, None)]
)
def test_only_whole_percents_are_read(said: object, read: float | None) -> None:
    assert parse_percent(said) == read


def test_every_percent_is_the_double_a_threshold_is_written_with() -> None:
    assert all(parse_percent(percent) == float(f"{percent / 100:.2f}") for percent in range(101))


@pytest.mark.parametrize(
    ("samples", "share"),
    [
        ([], 1.0),
        (["a"], 1.0),
        (["b"], 0.5),
        (["a", "b"], 2 / 3),
        (["b", "b"], 1 / 3),
        ([None, "a"], 2 / 3),
        ([None, None], 1 / 3),
    ],
)
def test_the_answers_that_equal_the_first_agree(samples: list[str | None], share: float) -> None:
    assert agreement("a", samples) == share


@given(st.lists(st.sampled_from(["a", "b", None]), max_size=9))
def test_agreement_is_a_share_that_another_equal_answer_never_lowers(samples: list[str | None]) -> None:
    share = agreement("a", samples)

    assert 0 < share <= 1
    assert agreement("a", [*samples, None]) <= share <= agreement("a", [*samples, "a"])


@pytest.mark.parametrize(
    ("stated", "support", "left"),
    [
        (0.9, [], 0.9),
        (0.9, [0.6], 0.6),
        (0.6, [0.9], 0.6),
        (0.9, [2 / 3, 0.8], 2 / 3),
        (0.9, [0.8, None], None),
        (None, [0.9], None),
        (None, [], None),
        (0.9, [0.0, None], None),
    ],
)
def test_the_least_of_all_is_left(
    stated: float | None, support: list[float | None], left: float | None
) -> None:
    assert combined(stated, support) == left


@given(shares, st.lists(shares, max_size=4))
def test_it_is_one_of_the_numbers_given_and_above_none_of_them(stated: float, support: list[float]) -> None:
    left = combined(stated, support)

    assert left in [stated, *support]
    assert left is not None
    assert all(left <= number for number in [stated, *support])


@given(shares, shares, shares)
def test_more_support_never_leaves_less_and_order_is_nothing(stated: float, less: float, more: float) -> None:
    less, more = sorted([less, more])

    assert (combined(stated, [less]) or 0) <= (combined(stated, [more]) or 0)
    assert len({combined(a, [b, c]) for a, b, c in permutations([stated, less, more])}) == 1


@given(shares, st.lists(shares | st.none(), max_size=4))
def test_what_is_missing_leaves_nothing(stated: float, support: list[float | None]) -> None:
    assert (combined(stated, support) is None) is (None in support)
