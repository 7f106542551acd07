from tests.agents.conftest import messages_api

__all__ = ["messages_api"]
