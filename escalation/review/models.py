"""Where Django looks for the tables of this app."""

from escalation.review.insights.models import DailyCount
from escalation.review.own_keys import OwnKeys
from escalation.review.saved_view import SavedView

__all__ = ["DailyCount", "OwnKeys", "SavedView"]
