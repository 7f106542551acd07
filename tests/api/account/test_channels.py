"""Alice says where she hears of things; nobody else's channels are hers to see or end."""

from django.contrib.auth.models import User
from django.test import Client

from escalation.delivery.models import Channel

SAID = {
    "kind": "email",
    "address": "alice@example.com",
    "topics": ["waiting", "mention"],
    "digest_minutes": "60",
    "most_per_hour": "5",
    "quiet_from": "22:00",
    "quiet_until": "07:00",
    "time_zone": "Europe/Berlin",
}


def test_alice_adds_a_channel_and_sees_it(client: Client, alice: User) -> None:
    client.force_login(alice)

    answer = client.post("/account/channels/", SAID, follow=True)

    channel = Channel.objects.get()
    page = answer.content.decode()
    assert (channel.user, channel.topics, channel.digest_minutes) == (alice, ["waiting", "mention"], 60)
    assert "alice@example.com" in page
    assert "quiet 22:00–07:00 Europe/Berlin" in page  # noqa: RUF001


def test_what_cannot_be_meant_is_said_at_its_field(client: Client, alice: User) -> None:
    client.force_login(alice)

    answer = client.post("/account/channels/", SAID | {"kind": "webhook", "address": "https://127.0.0.1/"})

    assert answer.status_code == 422
    assert "this address is not public" in answer.content.decode()
    assert not Channel.objects.exists()


def test_bobs_channel_is_not_alices_to_end(client: Client, alice: User, bob: User) -> None:
    channel = Channel.objects.create(user=bob, address="bob@example.com")
    client.force_login(alice)

    answer = client.post(f"/account/channels/{channel.pk}/removal/")

    assert answer.status_code == 404
    assert "bob@example.com" not in client.get("/account/").content.decode()
    assert Channel.objects.exists()


def test_a_channel_is_removed(client: Client, alice: User) -> None:
    channel = Channel.objects.create(user=alice, address="alice@example.com")
    client.force_login(alice)

    client.post(f"/account/channels/{channel.pk}/removal/")

    assert not Channel.objects.exists()
