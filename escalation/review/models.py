"""Where Django looks for the tables of this app."""

from escalation.review.insights.models import DailyCount

__all__ = ["DailyCount"]
