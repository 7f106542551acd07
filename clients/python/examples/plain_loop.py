"""A loop over work: what is sure passes, what is not goes to a human, and nobody waits before they must.

Run it with OTHERWISE_URL and OTHERWISE_TOKEN set, and decide what it prints in the review queue.
"""

from otherwise_client import NotAccepted, Otherwise

MESSAGES = {
    "m-1": "Where is my order 1182? It was due on Monday.",
    "m-2": "I was charged twice. Also, the blue one, or not, as you think.",
}


def sort_message(message: str) -> tuple[str, float]:
    """Stands for your model: a label, and how sure it is of it."""
    return ("delivery", 0.97) if "order" in message else ("billing", 0.41)


def main() -> None:
    with Otherwise() as otherwise:
        passed = {}
        for name, message in MESSAGES.items():
            label, confidence = sort_message(message)
            # The key makes the loop safe to start again: the same message never asks a human twice.
            outcome = otherwise.gate(
                message, label, confidence=confidence, external_id=name, key=f"sort-message-{name}"
            )
            print(name, outcome.exit, outcome.escalation.url if outcome.escalation else outcome.output)
            passed[name] = outcome
        for name, outcome in passed.items():
            try:
                print(name, "is", otherwise.settle(outcome))
            except NotAccepted as refused:
                print(name, "is not sorted:", refused)


if __name__ == "__main__":
    main()
