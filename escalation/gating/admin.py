"""Agents and gates: what may act without a human, and on which terms."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from escalation.access.confirming import always, undelayed
from escalation.gating.changes import changes
from escalation.gating.forms import GoLiveForm, PauseForm, PolicyForm
from escalation.gating.models import Agent, AgentEvent, Drill, Gate, Outcome, Policy
from escalation.gating.models.policy import HANDLED
from escalation.gating.pre_mortem import PreMortemPages
from escalation.queue.facts import FactAdmin, Unchangeable, actor_of, laid_out
from escalation.queue.models import Reason


@admin.register(Agent)
class AgentAdmin(PreMortemPages):
    list_display = ["slug", "name", "state", "owner", "on_call"]
    list_filter = ["state"]
    fields = ["slug", "name", "owner", "on_call"]
    change_form_template = "admin/gating/agent.html"
    change_list_template = "admin/gating/agents.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Agent | None = None) -> list[str]:
        return ["slug"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/go-live/", view(require_POST(self.go_live)), name="gating_agent_go_live"),
            path("<int:pk>/pause/", view(require_POST(self.pause)), name="gating_agent_pause"),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kw: Any) -> Any:
        if agent := kw.get("obj"):
            context |= {"agent": agent, "missing": agent.still_missing()}
            context["history"] = agent.events.select_related("actor", "gate").order_by("-id")[:10]
        return super().render_change_form(request, context, *args, **kw)

    def go_live(self, request: HttpRequest, pk: int) -> HttpResponse:
        agent = self.changeable(request, pk)
        form = GoLiveForm(agent, request.POST)
        if form.is_valid():
            agent.go_live(actor_of(request), form.cleaned_data["note"])
            self.message_user(request, f"{agent.name} is live.", messages.SUCCESS)
        return self._back_to(request, agent, form)

    @undelayed(always)
    def pause(self, request: HttpRequest, pk: int) -> HttpResponse:
        agent = self.changeable(request, pk)
        form = PauseForm(request.POST)
        if form.is_valid():
            agent.pause(actor_of(request), form.cleaned_data["note"])
            self.message_user(
                request, f"{agent.name} is paused: every result goes to a human.", messages.SUCCESS
            )
        return self._back_to(request, agent, form)

    def _back_to(self, request: HttpRequest, agent: Agent, form: GoLiveForm | PauseForm) -> HttpResponse:
        for errors in form.errors.values():
            for error in errors:
                self.message_user(request, f"{agent.name}: {error}", messages.ERROR)
        return redirect("admin:gating_agent_change", agent.pk)


@admin.register(Gate)
class GateAdmin(Unchangeable, admin.ModelAdmin[Gate]):
    """A gate's page is its policy in force and how it came to be; a change is a new version."""

    list_display = ["__str__", "state", "threshold", "audit_rate", "budget", "version", "adopted_at"]
    fields = ["agent", "slug", "output_schema"]
    change_form_template = "admin/gating/gate.html"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("gating.add_gate")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Gate]:
        newest = Policy.objects.order_by("gate_id", "-version").distinct("gate_id")
        in_force = Prefetch("policies", newest, to_attr="in_force")
        return super().get_queryset(request).select_related("agent").prefetch_related(in_force)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/policy/", view(self.change_policy), name="gating_gate_policy"),
            path("<int:pk>/pause/", view(require_POST(self.turn)), name="gating_gate_pause"),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kw: Any) -> Any:
        if gate := kw.get("obj"):
            context |= {"title": str(gate), "subtitle": None, "gate": gate, "policy": gate.policy}
            context |= {"versions": history_of(gate), "exits": exit_map(gate.policy)}
            context["may_stop"] = request.user.has_perm("gating.change_agent")
            context["events"] = gate.events.select_related("actor").order_by("-id")[:10]
            context["may_change"] = request.user.has_perm("gating.add_policy")
            context["default_output"] = laid_out(gate.policy.default_output) if gate.policy else ""
        return super().render_change_form(request, context, *args, **kw)

    def response_add(self, request: HttpRequest, obj: Gate, *args: Any) -> HttpResponseRedirect:
        # A gate without a policy lets nothing through: writing one is the next thing to do.
        return redirect("admin:gating_gate_policy", obj.pk)

    def change_policy(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A form that starts from the policy in force, or from an old one (`?copy=version`)."""
        if not request.user.has_perm("gating.add_policy"):
            raise PermissionDenied
        gate = get_object_or_404(Gate.objects.select_related("agent"), pk=pk)
        copied = request.GET.get("copy", "")
        start = get_object_or_404(Policy, gate=gate, version=copied) if copied.isdecimal() else gate.policy
        form = PolicyForm(gate, start, request.POST or None)
        if request.method == "POST" and form.is_valid() and (adopted := form.adopt(actor_of(request))):
            self.message_user(request, f"Version {adopted.version} is in force.", messages.SUCCESS)
            return redirect("admin:gating_gate_change", gate.pk)
        context = {
            "title": f"Change the policy at {gate}",
            "gate": gate,
            "form": form,
            "start": start,
            "opts": self.opts,
        }
        return TemplateResponse(
            request, "admin/gating/policy.html", self.admin_site.each_context(request) | context
        )

    @undelayed(lambda request: "open" not in request.POST)
    def turn(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The kill switch of one gate; with `open`, the way back."""
        if not request.user.has_perm("gating.change_agent"):
            raise PermissionDenied
        gate, form = get_object_or_404(Gate.objects.select_related("agent"), pk=pk), PauseForm(request.POST)
        if not form.is_valid():
            self.message_user(request, "Say why.", messages.ERROR)
        elif "open" in request.POST:
            gate.resume(actor_of(request), form.cleaned_data["note"])
            self.message_user(request, f"{gate} is open again.", messages.SUCCESS)
        else:
            gate.pause(actor_of(request), form.cleaned_data["note"])
            self.message_user(request, f"{gate} is paused: every result goes to a human.", messages.SUCCESS)
        return redirect("admin:gating_gate_change", pk)

    @admin.display(description="agent is")
    def state(self, gate: Gate) -> str:
        return gate.agent.state

    def threshold(self, gate: Gate) -> Any:
        return self._term(gate, "threshold")

    def audit_rate(self, gate: Gate) -> Any:
        return self._term(gate, "audit_rate")

    def version(self, gate: Gate) -> Any:
        return self._term(gate, "version")

    def adopted_at(self, gate: Gate) -> Any:
        return self._term(gate, "adopted_at")

    def budget(self, gate: Gate) -> str:
        return ", ".join(f"{name} {amount}" for name, amount in (self._term(gate, "budget") or {}).items())

    def _term(self, gate: Gate, name: str) -> Any:
        return next((getattr(policy, name) for policy in gate.in_force), None)  # type: ignore[attr-defined]


def history_of(gate: Gate) -> list[dict[str, Any]]:
    """Every version, newest first, with what it said otherwise than the one before."""
    versions = list(gate.policies.select_related("author", "queue").order_by("version"))
    terms: list[dict[str, Any]] = [{}, *(version.terms_as_dict() for version in versions)]
    steps = zip(versions, terms, terms[1:], strict=False)
    return [{"policy": policy, "changes": changes(before, after)} for policy, before, after in steps][::-1]


def exit_map(policy: Policy | None) -> list[tuple[str, str, list[str]]]:
    """For each reason: its code, its name, and its handlers in order."""
    exits = policy.exits if policy else {}
    return [(code, Reason(code).label.capitalize(), exits[code]) for code in HANDLED if code in exits]


@admin.register(Policy)
class PolicyAdmin(FactAdmin):
    list_display = ["__str__", "threshold", "audit_rate", "author", "reason", "adopted_at"]
    list_filter = ["gate"]
    list_select_related = ["gate__agent", "author"]
    ordering = ["-id"]


@admin.register(AgentEvent)
class AgentEventAdmin(FactAdmin):
    list_display = ["agent", "gate", "state", "actor", "note", "at"]
    list_filter = ["agent", "state"]
    list_select_related = ["agent", "gate__agent", "actor"]
    ordering = ["-id"]


@admin.register(Drill)
class DrillAdmin(FactAdmin):
    """What was injected, what was seen, when, by whom, under which policy and code."""

    list_display = [
        "id",
        "agent",
        "what",
        "expected_reason",
        "seen_reason",
        "seen_exit",
        "passed",
        "policy",
        "code_version",
        "actor",
        "wanted_at",
    ]
    list_filter = ["agent", "passed", "injection"]
    list_select_related = ["agent", "policy__gate__agent", "actor"]
    ordering = ["-id"]


@admin.register(Outcome)
class OutcomeAdmin(FactAdmin):
    list_display = [
        "id",
        "gate",
        "exit",
        "reason",
        "confidence",
        "threshold",
        "audited",
        "correction",
        "passed_at",
    ]
    list_filter = ["exit", "reason", "audited", "partial", "gate"]
    list_select_related = ["gate__agent", "correction"]
    search_fields = ["external_id", "key"]
    ordering = ["-id"]
