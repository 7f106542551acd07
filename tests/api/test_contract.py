"""What the document promises and what the API does, compared by schemathesis on generated requests."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from msgspec import ValidationError, convert
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance, use_after_free

from escalation.api.compat.hitl import HitlRequest
from escalation.api.compat.humanlayer_shapes import CALL_ID_PATTERN
from escalation.api.models import Token
from escalation.gating.models import Agent
from escalation.tuning.models import Label
from escalation.wsgi import application
from tests.api.caller import Caller
from tests.api.labelling import LabelOne

pytestmark = pytest.mark.django_db(transaction=True)

# NUL is in no document: tests/api/test_hostile_bodies.py sends it.
without_nul = ProjectConfig(generation=GenerationConfig(allow_x00=False))
contract = schemathesis.openapi.from_wsgi(
    "/api/v1/schema/?format=json",
    application,
    config=SchemathesisConfig(projects=ProjectsConfig(default=without_nul)),
)

# What the document cannot know: which names exist. A well-formed one is replaced by one that does.
EXISTING = {
    "agent": "support-triage",
    "gate": "default",
    "queue": "support",
    "callback_url": "https://hooks.example.com/",
    "answer_schema": {"type": "object"},
    "on_timeout": {"handler": "cached"},
}
# Each action needs a review config of its own: which is whose, a schema cannot say.
REFUND = {
    "action_requests": [{"name": "refund", "args": {}}],
    "review_configs": [{"action_name": "refund", "allowed_decisions": ["approve"]}],
}
WELL_FORMED = re.compile(r"[-a-zA-Z0-9_]{1,100}|[a-z]+:.*", re.DOTALL)
KEY = re.compile(r"[!-~]{1,255}")


once = settings(max_examples=12, suppress_health_check=list(HealthCheck))


@pytest.fixture
def a_worker(agent: Agent) -> Caller:
    """Calls as the agent that works here, which may start runs."""
    return Caller(Token.objects.issue(agent=agent, scopes=["runs"])[1])


@contract.parametrize()
@settings(once)
def test_no_request_finds_an_answer_that_the_document_does_not_know(
    case: Any, support_triage: Caller, as_alice: Caller, tuner: Caller, a_worker: Caller, label_one: LabelOne
) -> None:
    caller = {"reviewing": as_alice, "labels": tuner, "runs": a_worker}.get(
        case.operation.tags[0], support_triage
    )
    if case.operation.tags == ["labels"] and not Label.objects.exists():
        label_one()
    _make_real(case)

    case.call_and_validate(headers=caller.headers())


def test_what_one_request_gives_another_takes(
    support_triage: Caller, as_alice: Caller, a_worker: Caller, tuner: Caller
) -> None:
    """Created, read, withdrawn, stopped: by the links between the operations, also after an end."""
    callers = {"reviewing": as_alice, "labels": tuner, "runs": a_worker}

    class Machine(contract.as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Any) -> None:
            _make_real(case)
            # Schemathesis would take these tokens for made-up ones that were let in.
            case._has_explicit_auth = True

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": callers.get(case.operation.tags[0], support_triage).headers()}

        def validate_response(self, response: Any, case: Any, *_: Any, **kwargs: Any) -> None:
            # What was withdrawn or stopped stays to be read; what fits a row, its schema alone cannot say.
            not_here = [use_after_free, positive_data_acceptance]
            case.validate_response(response, excluded_checks=not_here, transport_kwargs=kwargs)

    run_state_machine_as_test(Machine, settings=settings(once, max_examples=15, stateful_step_count=6))


def _make_real(case: Any) -> None:
    """Put names that exist in the place of well-formed ones, and nobody waits for a minute."""
    case.headers, case.body = _with_new_key(case.headers), _with_existing_names(case.body)
    case.path_parameters = _with_existing_agent(case.path_parameters)
    query = dict(case.query or {})
    if "gate" in query and "/compat/" in case.operation.path and _is_well_formed(query["gate"]):
        query["gate"] = "default"
    if str(query.get("wait", "")).isdigit() and 1 <= int(query["wait"]) <= 60:
        query["wait"] = 1
    case.query = query


def _with_new_key(headers: Any) -> Any:
    """A well-formed key is new each time; what a used one gets: test_idempotency.py."""
    if KEY.fullmatch(str((headers or {}).get("Idempotency-Key", ""))):
        headers["Idempotency-Key"] = uuid4().hex
    return headers


def _with_existing_names(body: Any) -> Any:
    if not isinstance(body, dict):
        return body
    if "action_requests" in body:
        return REFUND if _is_hitl_request(body) else body
    if re.fullmatch(CALL_ID_PATTERN, str(body.get("call_id", ""))):
        # HumanLayer's key; new each time as the header is.
        body = body | {"call_id": uuid4().hex}
    return {
        name: EXISTING[name] if name in EXISTING and _is_well_formed(value) else _with_modest_integers(value)
        for name, value in body.items()
    }


def _is_hitl_request(body: dict[str, Any]) -> bool:
    try:
        convert(body, HitlRequest)
    except ValidationError:
        return False
    return True


def _with_existing_agent(path: Any) -> Any:
    return path | {"slug": EXISTING["agent"]} if _is_well_formed((path or {}).get("slug")) else path


def _is_well_formed(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, str) and WELL_FORMED.fullmatch(value) is not None)


def _with_modest_integers(value: Any) -> Any:
    """To JSON Schema 2.0 is an integer, and integers have no end; to readers of JSON that differs."""
    if isinstance(value, list):
        return [_with_modest_integers(one) for one in value]
    if isinstance(value, dict):
        return {name: _with_modest_integers(one) for name, one in value.items()}
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return 7 if isinstance(value, int) and abs(value) > 2**53 else value
