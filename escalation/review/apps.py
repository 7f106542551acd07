from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "escalation.review"
    label = "review"
