"""What the queue tells the layers above.

Receivers run inside the move's transaction: if one raises, nothing moved.
"""

from django.dispatch import Signal

raised = Signal()  # escalation: Escalation
decided = Signal()  # decision: Decision (its effects start at decision.effective_at)
undone = Signal()  # decision: Decision; a receiver raises TransitionRefused when its effect has begun
settled = Signal()  # check: Check, of which a lead has said which of two decisions stands
withdrawn = Signal()  # escalation: Escalation
expired = Signal()  # escalation: Escalation; the receiver takes the timeout exit, or raises StaysOpen
widened = Signal()  # escalation: Escalation; more people are to know that it waits: escalation.circle
# topic, key, facts; of whom or what: path, queue, people, agent. People are to hear of it, once for each key.
alerted = Signal()
noted = Signal()  # note: Note, mentioned: list[User]
