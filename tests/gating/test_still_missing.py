"""What stands between a draft agent and going live, in sentences."""

import pytest

from escalation.gating.go_live import GatePlan, still_missing

READY = GatePlan("default", budget={"cost_usd": 0.4}, exits={"error": ["human"]})


@pytest.mark.parametrize(
    ("owner", "on_call", "gates", "missing"),
    [
        ("Olga", "olga", [READY], []),
        ("", "olga", [READY], ["no owner is named"]),
        ("Olga", "", [READY], ["no on-call contact is named"]),
        ("Olga", "olga", [], ["it has no gate"]),
        ("Olga", "olga", [GatePlan("default", {}, None)], ["gate default has no policy"]),
        ("Olga", "olga", [GatePlan("default", {}, READY.exits)], ["gate default has no budget"]),
        ("Olga", "olga", [GatePlan("default", READY.budget, {})], ["gate default: error: no exit"]),
        ("", "", [], ["no owner is named", "no on-call contact is named", "it has no gate"]),
    ],
)
def test_each_gap_is_a_sentence(owner: str, on_call: str, gates: list[GatePlan], missing: list[str]) -> None:
    assert still_missing(owner, on_call, gates, ["error"]) == missing
