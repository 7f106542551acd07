from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path, re_path

from escalation.api.exposition import metrics
from escalation.api.health import healthz, readyz
from escalation.api.views.absence import NothingHere
from escalation.stack.demo.cast import OPS, PASSWORD, REVIEWERS

people = [(name, "reviews") for name in REVIEWERS] + [(OPS, "tunes the gates")]
login = LoginView.as_view(
    redirect_authenticated_user=True,
    extra_context={"demo": {"people": people, "password": PASSWORD}} if settings.DEMO else None,
)

urlpatterns = [
    path("api/v1/runs/", include("agents.web.rest_urls")),
    path("api/v1/", include("escalation.api.urls")),
    path("account/", include("escalation.api.account.urls")),
    path("admin/", admin.site.urls),
    path("login/", login, name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("", include("agents.web.urls")),
    # After every door that has paths of the API.
    re_path("^api(/|$)", NothingHere.as_view()),
    path("", include("escalation.review.urls")),
]
