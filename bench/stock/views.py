from django.db import transaction
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bench.stock.models import Answer, Question


class QuestionSerializer(serializers.ModelSerializer[Question]):
    class Meta:
        model = Question
        fields = "__all__"


class AnswerSerializer(serializers.ModelSerializer[Answer]):
    class Meta:
        model = Answer
        fields = "__all__"


class Questions(generics.CreateAPIView[Question]):
    queryset = Question.objects.all()
    serializer_class = QuestionSerializer


class Answers(generics.CreateAPIView[Answer]):
    queryset = Answer.objects.all()
    serializer_class = AnswerSerializer

    @transaction.atomic
    def perform_create(self, serializer: serializers.BaseSerializer[Answer]) -> None:
        question = generics.get_object_or_404(Question, pk=self.kwargs["pk"])
        serializer.save(question=question, reviewer=self.request.user)
        question.status = "decided"
        question.save()


class NextQuestion(APIView):
    @transaction.atomic
    def post(self, request: Request) -> Response:
        waiting = Question.objects.select_for_update(skip_locked=True).filter(status="waiting")
        question = waiting.order_by("raised_at").first()
        if question is None:
            return Response(status=204)
        question.status = "claimed"
        question.claimed_by = request.user
        question.save()
        return Response(QuestionSerializer(question).data)
