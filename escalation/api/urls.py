from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from escalation.api.compat.urls import urlpatterns as compat
from escalation.api.views.agents import AgentDetail
from escalation.api.views.deliveries import Deliveries, Redeliveries
from escalation.api.views.documents import Docs
from escalation.api.views.escalations import EscalationDetail, EscalationReceipt, Escalations
from escalation.api.views.labels import LabelExport, Labels
from escalation.api.views.outcomes import OutcomeDetail, Outcomes, Sandbox
from escalation.api.views.reviewing import Claim, Decisions, EscalationDecision, NextEscalation

app_name = "api"
urlpatterns = [
    path("escalations/", Escalations.as_view(), name="escalations"),
    path("escalations/next/", NextEscalation.as_view(), name="next"),
    path("escalations/<int:id>/", EscalationDetail.as_view(), name="escalation"),
    path("escalations/<int:id>/receipt/", EscalationReceipt.as_view(), name="receipt"),
    path("escalations/<int:id>/claim/", Claim.as_view(), name="claim"),
    path("escalations/<int:id>/decision/", EscalationDecision.as_view(), name="decision"),
    path("decisions/", Decisions.as_view(), name="decisions"),
    path("outcomes/", Outcomes.as_view(), name="outcomes"),
    path("sandbox/outcomes/", Sandbox.as_view(), name="sandbox"),
    path("outcomes/<int:id>/", OutcomeDetail.as_view(), name="outcome"),
    path("labels/", Labels.as_view(), name="labels"),
    path("labels/export/", LabelExport.as_view(), name="label_export"),
    path("deliveries/", Deliveries.as_view(), name="deliveries"),
    path("redeliveries/", Redeliveries.as_view(), name="redeliveries"),
    path("agents/<slug:slug>/", AgentDetail.as_view(), name="agent"),
    *compat,
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", Docs.as_view(url_name="api:schema"), name="docs"),
]
