from allauth.account.views import LoginView
from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path

from escalation.api.exposition import metrics
from escalation.api.health import healthz, readyz
from escalation.api.views.absence import NothingHere
from escalation.stack.demo.cast import OPS, PASSWORD, REVIEWERS

people = [(name, "reviews") for name in REVIEWERS] + [(OPS, "tunes the gates")]
login = LoginView.as_view(
    template_name="registration/login.html",
    extra_context={
        "demo": {"people": people, "password": PASSWORD} if settings.DEMO else None,
        "provider": settings.OIDC_NAME,
    },
)

handler429 = "escalation.access.views.too_many_tries"  # asked for by allauth

urlpatterns = [
    path("api/v1/runs/", include("agents.web.rest_urls")),
    path("api/v1/", include("escalation.api.urls")),
    path("account/", include("escalation.api.account.urls")),
    path("", include("escalation.access.urls")),
    path("admin/", admin.site.urls),
    path("login/", login, name="login"),
    path("login/", login, name="account_login"),  # allauth's name for it
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("", include("agents.web.urls")),
    # After every door that has paths of the API.
    re_path("^api(/|$)", NothingHere.as_view()),
    path("", include("escalation.review.urls")),
]
