from django.urls import path

from bench.stock.views import Answers, NextQuestion, Questions

urlpatterns = [
    path("questions/", Questions.as_view()),
    path("questions/<int:pk>/answers/", Answers.as_view()),
    path("questions/next/", NextQuestion.as_view()),
]
