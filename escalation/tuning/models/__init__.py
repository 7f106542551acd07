from escalation.tuning.models.label import Label

__all__ = ["Label"]
