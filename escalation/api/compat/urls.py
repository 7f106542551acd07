from django.urls import path, register_converter
from django.urls.converters import StringConverter

from escalation.api.compat import agent_inbox, hitl, humanlayer


class CallIdConverter(StringConverter):
    regex = "[A-Za-z0-9._:~@=+-]{1,200}"


class RequestConverter(StringConverter):
    regex = "[0-9a-f]{32}"


register_converter(CallIdConverter, "call_id")
register_converter(RequestConverter, "hitl_request")

# HumanLayer's package writes no slash at the end.
HUMANLAYER = "compat/humanlayer/v1/"
CALL = "<call_id:call_id>"
urlpatterns = [
    path(f"{HUMANLAYER}function_calls", humanlayer.HumanLayerCalls.as_view(), name="hl_calls"),
    path(f"{HUMANLAYER}function_calls/{CALL}", humanlayer.HumanLayerCall.as_view(), name="hl_call"),
    path(f"{HUMANLAYER}contact_requests", humanlayer.HumanLayerContactRequests.as_view(), name="hl_requests"),
    path(
        f"{HUMANLAYER}contact_requests/{CALL}",
        humanlayer.HumanLayerContactRequest.as_view(),
        name="hl_request",
    ),
    path(f"{HUMANLAYER}human_contacts", humanlayer.HumanLayerContacts.as_view(), name="hl_contacts"),
    path(
        f"{HUMANLAYER}human_contacts/{CALL}", humanlayer.HumanLayerContactDetail.as_view(), name="hl_contact"
    ),
    path("compat/agent-inbox/", agent_inbox.AgentInbox.as_view(), name="agent_inbox"),
    path("compat/agent-inbox/<int:id>/", agent_inbox.AgentInboxDetail.as_view(), name="interrupt"),
    path("compat/hitl/", hitl.Hitl.as_view(), name="hitl"),
    path("compat/hitl/<hitl_request:id>/", hitl.HitlDetail.as_view(), name="hitl_request"),
]
