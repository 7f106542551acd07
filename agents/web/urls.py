from django.urls import path

from agents.web.pages import RunsView, RunView

app_name = "agents"

urlpatterns = [
    path("runs/", RunsView.as_view(), name="runs"),
    path("runs/<int:pk>/", RunView.as_view(), name="run"),
]
