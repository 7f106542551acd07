from django.urls import path

from escalation.api.account.channels import Channels, Removal
from escalation.api.account.views import Account, Revocation, Rotation, Tokens

app_name = "account"

urlpatterns = [
    path("", Account.as_view(), name="account"),
    path("tokens/", Tokens.as_view(), name="tokens"),
    path("tokens/<int:pk>/rotation/", Rotation.as_view(), name="rotation"),
    path("tokens/<int:pk>/revocation/", Revocation.as_view(), name="revocation"),
    path("channels/", Channels.as_view(), name="channels"),
    path("channels/<int:pk>/removal/", Removal.as_view(), name="removal"),
]
