"""What a person sees of the breakers, and may do to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from django import forms
from django.contrib.auth.models import User

from agents.breakers.log import latest, names_on_record
from agents.models import BreakerEvent
from agents.registry import UnknownAgent, agent_named
from agents.stores.breaker import BreakersUnreachable, Hand, Snapshot, Transition, shared_breakers
from escalation.gating.models import Agent

SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Known:
    """A breaker as it now stands, and its last changes, newest first."""

    now: Snapshot
    events: list[BreakerEvent]


def known_breakers() -> list[Known]:
    """Every breaker that was ever asked or changed, and those of the agents' tools and models, by name."""
    names = {*names_on_record(), *_of_the_agents()}
    return [Known(snapshot, latest(snapshot.name, SHOWN)) for snapshot in shared_breakers().all(*names)]


def _of_the_agents() -> Iterator[str]:
    for slug in Agent.objects.values_list("slug", flat=True):
        with suppress(UnknownAgent):  # its program runs elsewhere, behind breakers of its own
            agent = agent_named(slug)
            yield f"model:{agent.model}"
            yield from (f"tool:{tool.name}" for tool in agent.tools)


class BreakerForm(forms.Form):
    """One act on one breaker; whoever reads the record later wants to know why."""

    ACTS: Final = [("force_open", "Force open"), ("force_closed", "Force closed"), ("reset", "Reset")]

    breaker = forms.CharField(max_length=200)
    act = forms.ChoiceField(choices=ACTS)
    reason = forms.CharField(max_length=2000)

    def clean_breaker(self) -> str:
        name: str = self.cleaned_data["breaker"]
        if name not in {known.now.name for known in known_breakers()}:
            raise forms.ValidationError(f"There is no breaker {name}.")
        return name

    def carry_out(self, actor: User) -> Transition | None:
        """Do it, in all processes; None, with the error in the form, when it cannot be done for all."""
        said = self.cleaned_data
        act = getattr(shared_breakers(), said["act"])
        try:
            done: Transition = act(said["breaker"], Hand(actor.pk, said["reason"]))
        except BreakersUnreachable as refusal:
            self.add_error(None, str(refusal))
            return None
        return done
