"""Views that were saved: filters under a name, with how many they let through."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from escalation.queue.models import Escalation, ReviewQueue
from escalation.review.choices import known_names
from escalation.review.filters import QueueFilter
from escalation.review.line import count_listed, in_queues, queues_of
from escalation.review.models import SavedView
from escalation.review.views.desk import DeskView

MOST_SHOWN = 12


class SavedViewForm(forms.Form):
    """The name of a view, and with whom it is shared."""

    name = forms.CharField(max_length=60)
    query = forms.CharField(max_length=1000, required=False)
    queue = forms.CharField(max_length=50, required=False)


class SavedViewsView(DeskView):
    """The saved views in the left column."""

    def get(self, request: HttpRequest) -> HttpResponse:
        queues, user = queues_of(self.request.user), self.request.user
        mine, names = in_queues(queues, user), known_names(user)
        changeable = set(SavedView.objects.changeable_by(user).values_list("pk", flat=True))
        counted = []
        for view in SavedView.objects.seen_by(user)[:MOST_SHOWN]:
            filters = QueueFilter(QueryDict(view.query), queryset=mine, request=self.request, names=names)
            counted.append((view, count_listed(filters, queues), view.pk in changeable))
        return self.page("review/_views.html", {"saved": counted, "back": request.GET.urlencode()})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SavedViewForm(request.POST)
        if not form.is_valid():
            return redirect("review:queue")
        said = form.cleaned_data
        members = ReviewQueue.objects.filter(memberships__user=self.request.user)
        queue = get_object_or_404(members, slug=said["queue"]) if said["queue"] else None
        # Nothing is listed: the filters only say which of them can be read.
        filters = QueueFilter(
            QueryDict(said["query"]), queryset=Escalation.objects.none(), request=self.request
        )
        SavedView.objects.update_or_create(
            owner=self.request.user, queue=queue, name=said["name"], defaults={"query": filters.address}
        )
        return HttpResponseRedirect(f"{reverse('review:queue')}?{filters.address}")


class SavedViewView(DeskView):
    """One saved view."""

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        get_object_or_404(SavedView.objects.changeable_by(self.request.user), pk=pk).delete()
        return redirect("review:queue")
