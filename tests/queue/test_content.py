"""What an approval is bound to does not depend on how it was written."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from escalation.queue.content import canonical, digest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(content=st.dictionaries(st.text(), JSON, max_size=5))
def test_the_order_of_keys_does_not_matter(content: dict[str, Any]) -> None:
    assert digest(content) == digest(dict(reversed(content.items())))


@given(one=JSON, other=JSON)
def test_other_content_has_another_hash(one: Any, other: Any) -> None:
    assert (digest(one) == digest(other)) == (canonical(one) == canonical(other))


def test_yes_is_not_one() -> None:
    assert digest(True) != digest(1)
