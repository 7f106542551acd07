"""The parts of the API beside streaming, through the SDK."""

from collections.abc import Iterator

import anthropic
import httpx2
import pytest

from agents.llm.local.server import LocalMessagesAPI


@pytest.fixture
def sdk(messages_api: LocalMessagesAPI) -> Iterator[anthropic.Anthropic]:
    """The SDK's own client, as anyone would use it."""
    plain = anthropic.DefaultHttpxClient(trust_env=False)
    with anthropic.Anthropic(
        api_key="any", base_url=messages_api.url, max_retries=0, http_client=plain
    ) as client:
        yield client


def test_a_message_without_streaming(sdk: anthropic.Anthropic) -> None:
    message = sdk.messages.create(
        model="claude-haiku-5-5", max_tokens=500, messages=[{"role": "user", "content": "Hello"}]
    )

    assert message.stop_reason == "end_turn"
    assert message.content[-1].type == "text"
    assert message.usage.output_tokens > 1


def test_longer_texts_count_more_tokens(sdk: anthropic.Anthropic) -> None:
    short, long = (
        sdk.messages.count_tokens(model="claude-haiku-5-5", messages=[{"role": "user", "content": text}])
        for text in ("Hello", "Hello " * 100)
    )

    assert 0 < short.input_tokens < long.input_tokens


def test_counting_agrees_with_billing(sdk: anthropic.Anthropic) -> None:
    counted = sdk.messages.count_tokens(
        model="claude-haiku-5-5", messages=[{"role": "user", "content": "Hello"}]
    )

    message = sdk.messages.create(
        model="claude-haiku-5-5", max_tokens=500, messages=[{"role": "user", "content": "Hello"}]
    )

    assert message.usage.input_tokens == counted.input_tokens


def test_every_model_says_that_it_is_local(sdk: anthropic.Anthropic) -> None:
    models = list(sdk.models.list())

    assert "claude-haiku-5-5" in {model.id for model in models}
    assert all(model.display_name.endswith("(local model)") for model in models)


def test_one_model_can_be_looked_up(sdk: anthropic.Anthropic) -> None:
    model = sdk.models.retrieve("claude-sonnet-4-6")

    assert model.display_name == "Claude Sonnet 4.6 (local model)"


def test_a_reset_without_streaming_is_a_connection_error(
    sdk: anthropic.Anthropic, messages_api: LocalMessagesAPI
) -> None:
    armed = {"user_id": "run-1", "entries": [{"kind": "reset"}]}
    httpx2.post(f"{messages_api.url}/_faults", json=armed, trust_env=False)

    with pytest.raises(anthropic.APIConnectionError):
        sdk.messages.create(
            model="claude-haiku-5-5",
            max_tokens=500,
            messages=[{"role": "user", "content": "Hello"}],
            metadata={"user_id": "run-1"},
        )


def test_stopping_ends_open_streams_at_once() -> None:
    with LocalMessagesAPI() as server, httpx2.Client(trust_env=False) as client:
        client.get(f"{server.url}/_faults")

        server.stop()

        with pytest.raises(httpx2.HTTPError):
            client.get(f"{server.url}/_faults")
