from __future__ import annotations

import re

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django_htmx.http import push_url

from escalation.queue.models import Escalation
from escalation.queue.models.alike import MOST_ALIKE, alike_to
from escalation.queue.models.bulk import BulkResult
from escalation.review.bulk import bulk_forms, read_chosen
from escalation.review.line import queues_of
from escalation.review.said import Said, said_of_many, undone_many
from escalation.review.views.desk import DeskView

PK = re.compile(r"\d{1,18}", re.ASCII)


class BulkView(DeskView):
    """What a human said about many escalations at once."""

    def post(self, request: HttpRequest) -> HttpResponse:
        chosen = read_chosen(request.POST.getlist("chosen"))
        queues = [each.queue for each in queues_of(self.request.user)]
        forms = bulk_forms(queues, self.request.POST)
        form = next((form for form in forms if form.is_bound), None)
        lead = request.POST.get("alike", "")
        none_chosen = not (chosen or lead)
        if form is None or none_chosen or not form.is_valid():
            return self._list(status=422, bulk_forms=forms, chosen=chosen, none_chosen=none_chosen)
        answer = {"verdict": form.says, **form.cleaned_data}
        if lead:
            row = self.escalation(int(lead) if PK.fullmatch(lead) else 0, to_decide=True)
            results = Escalation.objects.decide_alike(self.request.user, row, **answer)
        else:
            results = Escalation.objects.decide_each(self.request.user, chosen, **answer)
        if not results:
            raise PermissionDenied("You may look at these, but not decide them.")
        decisions = [each.decision for each in results if each.decision]
        return self._result(results, said_of_many(decisions) if decisions else None)

    def delete(self, request: HttpRequest) -> HttpResponse:
        chosen = [int(pk) for pk in request.POST.getlist("chosen") if PK.fullmatch(pk)]
        results = Escalation.objects.undo_each(self.request.user, chosen)
        done = [each for each in results if not each.refused]
        return self._result(results, undone_many(len(done)) if done else None)

    def _result(self, results: list[BulkResult], told: Said | None) -> HttpResponse:
        refused = [each for each in results if each.refused]
        return self._list(told=told, refused_many=refused, number_asked=len(results))

    def _list(self, *, status: int = 200, told: Said | None = None, **facts: object) -> HttpResponse:
        back = QueryDict(self.request.POST.get("back", ""))
        response = self.show_queue(back, told, status=status, **facts)
        return push_url(response, f"{reverse('review:queue')}?{back.urlencode()}") if back else response


class AlikeView(DeskView):
    """How many wait that failed alike: the progress of deciding them all."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        waiting = Escalation.objects.claimable().filter(alike_to(self.escalation(pk)))
        return HttpResponse(str(waiting.order_by()[:MOST_ALIKE].count()), content_type="text/plain")
