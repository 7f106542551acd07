class NotReady(Exception):
    """The agent may not go live; `missing` says what stands in the way, a sentence each."""

    def __init__(self, missing: list[str]) -> None:
        self.missing = missing
        super().__init__("; ".join(missing))


class PolicyChanged(Exception):
    """Another version was adopted since the one that a change was made from; nothing was changed."""

    def __init__(self, made_from: int, in_force: int) -> None:
        self.made_from, self.in_force = made_from, in_force
        super().__init__(
            f"version {in_force} was adopted meanwhile; this change was made from version {made_from}"
        )


class UnknownGate(Exception):
    """No such agent or gate, or the gate has no policy yet."""

    def __init__(self, agent: str, gate: str) -> None:
        self.agent, self.gate = agent, gate
        super().__init__(f"agent {agent!r} has no gate {gate!r} with a policy; create it in the admin")
