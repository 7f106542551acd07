from django.urls import path
from django.views.generic import RedirectView

from escalation.review.agents.views import AgentsView, AgentView
from escalation.review.insights.adjudication import QualityView, SettlementView
from escalation.review.insights.views import FigureView, InsightsView
from escalation.review.views.bulk import AlikeView, BulkView
from escalation.review.views.escalation import (
    AheadView,
    ClaimView,
    DecisionView,
    EscalationView,
    HolderView,
    SnoozeView,
    WholeView,
)
from escalation.review.views.queue import NewsView, NextView, QueueView
from escalation.review.views.saved import SavedViewsView, SavedViewView
from escalation.review.views.shortcuts import ShortcutsView
from escalation.review.views.team import NotesView, PlaceView, WatchView

app_name = "review"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="review:queue"), name="home"),
    path("agents/", AgentsView.as_view(), name="agents"),
    path("agents/<slug:slug>/", AgentView.as_view(), name="agent"),
    path("queue/", QueueView.as_view(), name="queue"),
    path("queue/news/", NewsView.as_view(), name="news"),
    path("queue/decisions/", BulkView.as_view(), name="bulk"),
    path("queue/alike/<int:pk>/", AlikeView.as_view(), name="alike"),
    path("insights/", InsightsView.as_view(), name="insights"),
    path("insights/quality/", QualityView.as_view(), name="quality"),
    path("insights/quality/<int:pk>/settlement/", SettlementView.as_view(), name="settlement"),
    path("insights/<slug:slug>.csv", FigureView.as_view(), name="figure"),
    path("shortcuts/", ShortcutsView.as_view(), name="shortcuts"),
    path("views/", SavedViewsView.as_view(), name="saved_views"),
    path("views/<int:pk>/", SavedViewView.as_view(), name="saved_view"),
    path("queue/next/", NextView.as_view(), name="next"),
    path("escalations/<int:pk>/", EscalationView.as_view(), name="escalation"),
    path("escalations/<int:pk>/whole/<slug:part>/", WholeView.as_view(), name="whole"),
    path("escalations/<int:pk>/claim/", ClaimView.as_view(), name="claim"),
    path("escalations/<int:pk>/holder/", HolderView.as_view(), name="holder"),
    path("escalations/<int:pk>/ahead/", AheadView.as_view(), name="ahead"),
    path("escalations/<int:pk>/snooze/", SnoozeView.as_view(), name="snooze"),
    path("escalations/<int:pk>/notes/", NotesView.as_view(), name="notes"),
    path("escalations/<int:pk>/watch/", WatchView.as_view(), name="watch"),
    path("escalations/<int:pk>/place/", PlaceView.as_view(), name="place"),
    path("escalations/<int:pk>/decision/", DecisionView.as_view(), name="decision"),
]
