"""Who may call the REST API: tokens are made, replaced and ended here, and shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers

from escalation.api.models import Scope, Token
from escalation.queue.facts import FactAdmin


class TokenForm(forms.ModelForm[Token]):
    """A new token: for one agent, or for one reviewer."""

    scopes = forms.MultipleChoiceField(choices=Scope.choices, widget=forms.CheckboxSelectMultiple)
    days = forms.IntegerField(
        min_value=0, max_value=3650, initial=365, label="Works for days", help_text="0: for ever"
    )

    class Meta:
        model = Token
        fields = ["name", "agent", "reviewer", "scopes"]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        agent, reviewer = said.get("agent"), said.get("reviewer")
        if bool(agent) == bool(reviewer):
            raise forms.ValidationError("Choose an agent or a reviewer.")
        fitting = Scope.fitting(reviewer=bool(reviewer))
        if unfit := [scope for scope in said.get("scopes", []) if scope not in fitting]:
            self.add_error("scopes", f"Not for this owner: {', '.join(unfit)}.")
        return said


@admin.register(Token)
class TokenAdmin(FactAdmin):
    list_display = ["prefix", "name", "agent", "reviewer", "scopes", "expires_at", "last_used_at", "state"]
    list_filter = ["agent"]
    list_select_related = ["agent", "reviewer", "successor"]
    search_fields = ["name", "public_id"]
    ordering = ["-id"]
    hidden = ["secret_hash"]
    actions = ["rotate", "revoke"]
    form = TokenForm

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.change_token")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        made = ["name", "agent", "reviewer", "scopes", "days"]
        return super().get_fields(request, obj) if obj else made

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return super().get_readonly_fields(request, obj) if obj else []

    def save_model(self, request: HttpRequest, obj: Token, form: Any, change: bool) -> None:
        said = form.cleaned_data
        lifetime = timedelta(days=said["days"]) if said["days"] else None
        owner = {name: said[name] for name in ("name", "agent", "reviewer", "scopes")}
        token, text = Token.objects.issue(lifetime=lifetime, **owner)
        obj.pk, obj.public_id = token.pk, token.public_id
        request.made_tokens = [(token, text)]  # type: ignore[attr-defined]  # for response_add alone

    def response_add(
        self, request: HttpRequest, obj: Token, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._shown(request, request.made_tokens)  # type: ignore[attr-defined]

    @admin.action(description="Rotate: a new one each, the old one works for a day more", permissions=["end"])
    def rotate(self, request: HttpRequest, chosen: QuerySet[Token]) -> HttpResponse:
        rotated = [Token.objects.rotate(token.pk) for token in chosen]
        if left := rotated.count(None):
            self.message_user(request, f"{left} had ended, or been replaced before.", messages.WARNING)
        return self._shown(request, [pair for pair in rotated if pair])

    @admin.action(description="Revoke", permissions=["end"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[Token]) -> None:
        for token in chosen:
            token.revoke()
        self.message_user(request, f"{len(chosen)} work no more.", messages.SUCCESS)

    def _shown(self, request: HttpRequest, made: list[tuple[Token, str]]) -> HttpResponse:
        # In the answer itself: a message would put the token into a cookie, or into the session's row.
        context = {"title": "New tokens", "opts": self.opts, "made": made}
        answer = TemplateResponse(
            request, "admin/api/made.html", self.admin_site.each_context(request) | context
        )
        add_never_cache_headers(answer)
        return answer
