"""The labels, what they say of a gate's threshold, and what ops make of it."""

from escalation.tuning.admin import alarms, records, workbench

__all__ = ["alarms", "records", "workbench"]
