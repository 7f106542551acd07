"""What stands between a draft agent and going live, in sentences."""

import pytest

from escalation.gating.go_live import GatePlan, ModePlan, still_missing

PASSED = [ModePlan(name, (2, -5, -5, -5), True, "passed") for name in ("loop", "refusal", "model down")]
URGENT, RARE = (0, -9, -5, -5), (2, -1, -1, -1)
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
    assert still_missing(owner, on_call, gates, ["error"], PASSED) == missing


@pytest.mark.parametrize(
    ("modes", "missing"),
    [
        (PASSED, []),
        (PASSED[:1], ["1 of its failure modes is written, and 3 are the least"]),
        (
            [*PASSED, ModePlan("slow", RARE, True, "stale"), ModePlan("guess", URGENT, True, "failed")],
            [
                "failure mode “guess”: its drill did not see the declared exit",
                "failure mode “slow”: its drill was of another policy or code version",
            ],
        ),
        (
            [*PASSED, ModePlan("rubber stamps", URGENT, False, "never")],
            ["failure mode “rubber stamps” is one of the 3 that rank highest: it needs a drill"],
        ),
        ([*PASSED, ModePlan("rubber stamps", RARE, False, "never")], []),
        (
            [*PASSED[:2], ModePlan("guess", URGENT, True, "never")],
            ["failure mode “guess”: it was never rehearsed"],
        ),
    ],
)
def test_what_a_pre_mortem_lacks(modes: list[ModePlan], missing: list[str]) -> None:
    assert still_missing("Olga", "olga", [READY], ["error"], modes) == missing
