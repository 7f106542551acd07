"""The second step of signing in, signing out, and the parts of the account page that concern it."""

from allauth.mfa.base.views import AuthenticateView
from allauth.socialaccount.providers.openid_connect import views as provider
from django.contrib.auth.views import LogoutView
from django.urls import path

from escalation.access.second_factor import RecoveryCodes, Removal, SecondFactor
from escalation.access.views import Confirmation, Password, SessionEnd, Sessions

urlpatterns = [
    path("login/code/", AuthenticateView.as_view(), name="mfa_authenticate"),
    path("login/with/<slug:provider_id>/", provider.login, name="openid_connect_login"),
    path("login/with/<slug:provider_id>/back/", provider.callback, name="openid_connect_callback"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("account/confirmation/", Confirmation.as_view(), name="confirmation"),
    path("account/password/", Password.as_view(), name="password"),
    path("account/second-factor/", SecondFactor.as_view(), name="second_factor"),
    path("account/second-factor/codes/", RecoveryCodes.as_view(), name="recovery_codes"),
    path("account/second-factor/removal/", Removal.as_view(), name="second_factor_removal"),
    path("account/sessions/end/", Sessions.as_view(), name="sessions_end"),
    path("account/sessions/<slug:name>/end/", SessionEnd.as_view(), name="session_end"),
]
