"""Where a person hears of things: their own channels, and nobody else's."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect

from escalation.api.account.forms import TokenForm
from escalation.api.account.views import AccountView
from escalation.delivery.forms import ChannelForm
from escalation.delivery.models import Channel


class Channels(AccountView):
    """To POST is to make one."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ChannelForm(request.POST, owner=self.user)
        if not form.is_valid():
            return self.page(TokenForm(), channel_form=form, status=422)
        form.save()
        return redirect("account:account")


class Removal(AccountView):
    """To POST is to hear no more there."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponseRedirect:
        get_object_or_404(Channel, pk=pk, user=self.user).delete()
        return redirect("account:account")
