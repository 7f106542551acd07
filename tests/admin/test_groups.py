"""What reviewers and ops may do is there after every migration."""

import pytest
from django.contrib.auth.models import Group, Permission, User

from escalation.groups import ensure_groups


def test_reviewers_review_and_ops_do_not(alice: User, olga: User, mallory: User) -> None:
    assert [user.has_perm("queue.review") for user in (alice, olga, mallory)] == [True, False, False]


@pytest.mark.parametrize(
    "allowed",
    [
        "gating.add_policy",
        "gating.change_agent",
        "delivery.change_delivery",
        "queue.add_membership",
        "agents.add_breakerevent",
    ],
)
def test_ops_may_tune(allowed: str, olga: User, alice: User) -> None:
    assert olga.has_perm(allowed)
    assert not alice.has_perm(allowed)


@pytest.mark.parametrize(
    "forbidden", ["auth.change_user", "auth.add_group", "queue.delete_escalation", "gating.change_policy"]
)
def test_ops_may_not_do_everything(forbidden: str, olga: User) -> None:
    assert not olga.has_perm(forbidden)


def test_what_was_granted_beside_it_stays(db: None) -> None:
    ops = Group.objects.get(name="ops")
    ops.permissions.add(Permission.objects.get(codename="add_user"))

    ensure_groups()

    assert ops.permissions.filter(codename="add_user").exists()


def test_a_missing_group_comes_back(db: None) -> None:
    Group.objects.filter(name="ops").delete()

    ensure_groups()

    assert Group.objects.get(name="ops").permissions.filter(codename="add_policy").exists()
