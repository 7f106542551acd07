"""The demo: sign-ins that everyone knows, an agent under a policy, and work for it; on loopback only."""

from escalation.stack.demo.cast import load

__all__ = ["load"]
