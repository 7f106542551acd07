"""Every key there is: the sheet behind `?` and the script both read this table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    Key("g a", "Go to the agents"),
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
# What no other key can be changed to, for it is the beginning of one or another face of one.
RESERVED = {"g": "g begins other keys, such as g q.", "X": "X is taken: Shift x chooses a range."}
PLACES = {"everywhere": "Everywhere", "queue": "In the queue", "escalation": "On an escalation"}


def faults_of(wanted: Mapping[str, str]) -> dict[str, str]:
    """What cannot be pressed, and why; `wanted` maps each key that can change to the one in its place."""
    does = {key.press: key.does for key in KEYS}
    found: dict[str, str] = {}
    taken: dict[str, str] = {}
    # What stays as it is has the older right to its key.
    for press in sorted(wanted, key=lambda press: wanted[press] != press):
        now = wanted[press]
        if len(now) != 1 or not now.isprintable() or now.isspace() or now.isdigit():
            found[press] = "Choose one letter or one sign; digits choose reasons."
        elif now in RESERVED:
            found[press] = RESERVED[now]
        elif now in taken:
            found[press] = f"{now} is taken: {does[taken[now]]}."
        else:
            taken[now] = press
    return found


def by_place(changes: Mapping[str, str]) -> list[tuple[str, list[tuple[Key, str]]]]:
    """The table as the sheet shows it: each key with the one that is now in its place."""
    return [
        (title, [(key, changes.get(key.press, key.press)) for key in KEYS if key.where == place])
        for place, title in PLACES.items()
    ]


def as_data(changes: Mapping[str, str], *, are_on: bool) -> dict[str, Any]:
    """The table as the script reads it."""
    return {
        "are_on": are_on,
        "keys": [{"press": k.press, "now": changes.get(k.press, k.press), "does": k.does} for k in KEYS],
    }
