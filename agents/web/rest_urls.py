from django.urls import path

from agents.web.rest import RunDetail, Runs

app_name = "runs"

urlpatterns = [
    path("", Runs.as_view(), name="runs"),
    path("<int:id>/", RunDetail.as_view(), name="run"),
]
