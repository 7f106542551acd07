from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from escalation.api.health import healthz, readyz
from escalation.stack.demo.cast import OPS, PASSWORD, REVIEWERS

people = [(name, "reviews") for name in REVIEWERS] + [(OPS, "tunes the gates")]
login = LoginView.as_view(
    redirect_authenticated_user=True,
    extra_context={"demo": {"people": people, "password": PASSWORD}} if settings.DEMO else None,
)

urlpatterns = [
    path("api/v1/runs/", include("agents.rest_urls")),
    path("api/v1/", include("escalation.api.urls")),
    path("admin/", admin.site.urls),
    path("login/", login, name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", include("agents.urls")),
    path("", include("escalation.review.urls")),
]
