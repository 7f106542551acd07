"""Every key there is: the sheet behind `?` and the script both read this table."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Place = Literal["everywhere", "queue", "escalation"]


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what to press, what it does, and where. It presses the element with the same `data-key`."""

    press: str
    does: str
    where: Place = "everywhere"

    @property
    def can_change(self) -> bool:
        """Whether a person may put another key in its place: letters and signs, no chords and no names."""
        return len(self.press) == 1


KEYS: Sequence[Key] = (
    Key("n", "Claim the next one"),
    Key("g q", "Go to the queue, giving back what you hold"),
    Key("g i", "Go to the insights"),
    Key("/", "Search the queue", "queue"),
    Key("u", "Undo the last decision, while its window is open"),
    Key("?", "Show or hide the keys"),
    Key(".", "Find an action by its name; Ctrl K does the same"),
    Key("Esc", "Leave the field, close the form, or give this back"),
    Key("j", "Next in the list", "queue"),
    Key("k", "Previous in the list", "queue"),
    Key("x", "Choose this one, or leave it out again", "queue"),
    Key("Shift x", "Choose all from the last chosen to this one", "queue"),
    Key("Enter", "Open the chosen one; claim the one that is open"),
    Key("a", "Accept: it is right as it is; or all chosen", "escalation"),
    Key("e", "Edit, then accept", "escalation"),
    Key("r", "Reject: it is wrong, or may not run; or all chosen", "escalation"),
    Key("w", "Write the answer yourself", "escalation"),
    Key("c", "Continue with more budget", "escalation"),
    Key("f", "Give feedback and let it try again", "escalation"),
    Key("d", "Dismiss: it needs no answer; or all chosen", "escalation"),
    Key("s", "Snooze", "escalation"),
    Key("m", "Move it to another review queue, or to a colleague", "escalation"),
    Key("i", "Write a note to colleagues", "escalation"),
    Key("v", "Watch it, or no longer", "escalation"),
    Key("1-9", "Choose a reason or an option in the open form", "escalation"),
    Key("Ctrl Enter", "Send the open form, also from inside a field", "escalation"),
)
PLACES = {"everywhere": "Everywhere", "queue": "In the queue", "escalation": "On an escalation"}


def by_place() -> list[tuple[str, list[Key]]]:
    """The table as the sheet shows it."""
    return [(title, [key for key in KEYS if key.where == place]) for place, title in PLACES.items()]


def as_data() -> list[dict[str, Any]]:
    """The table as the script reads it."""
    return [asdict(key) for key in KEYS]
