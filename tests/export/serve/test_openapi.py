"""Whatever the OpenAPI allows, and whatever it does not, is answered and never breaks anything."""

import contextlib
import json

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import strategies as st

from adaptlearn.export.serve.wire import Problem

PROFILE = {"role": "counter", "weekly_minutes": 90}
GOOD = {
    "/recommend": {"learner": "u-1", "profile": PROFILE, "day": 3.0, "k": 3},
    "/learners": {"id": "l-1", "learner": "u-1", "profile": PROFILE},
    "/observe": {"id": "e-1", "learner": "u-1", "offered": ["greeting-video"], "taken": "greeting-video", "day": 3.0,
                 "completed": True, "minutes": 5.0, "items": {"greeting": 2}, "correct": {"greeting": 1}},
    "/xapi/statements": {"actor": {"account": {"homePage": "https://lms.example.com", "name": "u-1"}},
                         "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
                         "object": {"id": "https://lms.example.com/activities/greeting-video"},
                         "timestamp": "2026-01-05T10:00:00Z", "result": {"score": {"scaled": 0.8}}},
    "/learners/page": {"learner": "u-1"}, "/learners/export": {"learner": "u-1"}, "/learners/link": {"learner": "u-1"},
    "/learners/correct": {"id": "c-1", "learner": "u-1", "skill": "greeting", "knows": True},
    "/learners/opt": {"id": "o-1", "learner": "u-1", "out": True}, "/learners/erase": {"learner": "u-1"},
}  # fmt: skip
DOORS = {"/recommend", "/observe", "/learners", "/xapi/statements", "/health", "/ready", "/metrics"}


@pytest.fixture
def asked(tmp_path, processes, furnished):
    """A running service, its OpenAPI, and a key."""
    database = f"sqlite:///{tmp_path}/serve.db"
    key = furnished(database)
    service = processes(database)
    return schemathesis.openapi.from_url(f"{service.url}/openapi.json"), key, service


@pytest.mark.filterwarnings("ignore")
def test_no_request_breaks_the_service_and_every_refusal_names_its_field(asked):
    schema, key, service = asked
    told = {operation.ok().path: operation.ok() for operation in schema.get_all_operations()}
    assert set(told) >= DOORS
    statuses = {path: set() for path in told}
    for path, operation in told.items():
        for mode in schemathesis.GenerationMode:
            _fuzz(operation, mode, key, statuses[path])
    assert service.process.poll() is None
    assert "fault" not in service.said
    assert all(200 in statuses[path] for path in DOORS | set(GOOD)), "nothing is tried that is never let in"


def _fuzz(operation, mode, key, statuses):
    """What schemathesis makes of an operation: as it is, or as one or two wild fields in a request that is well."""
    settings = hypothesis.settings(max_examples=25, deadline=None, derandomize=True, database=None,
                                   suppress_health_check=list(HealthCheck))  # fmt: skip
    right = {"Authorization": f"Bearer {key}", "X-Experience-API-Version": "2.0.0"}

    @settings
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def ask(case, data):
        good = GOOD.get(operation.path, {})
        if isinstance(case.body, dict) and case.body and data.draw(st.integers(0, 3)):
            wild = data.draw(st.sets(st.sampled_from(sorted(case.body)), max_size=2))
            case.body = good | {name: case.body[name] for name in wild}
        headers = right if data.draw(st.booleans()) else {"Authorization": right["Authorization"]}
        answer = case.call(headers=headers, timeout=20)
        statuses.add(answer.status_code)
        assert answer.status_code < 500, f"{case.as_curl_command()}\n{answer.text}"
        documented = case.operation.definition.raw["responses"]
        assert str(answer.status_code) in documented or answer.status_code == 405, (answer.status_code, answer.text)
        if answer.status_code >= 400:
            problem = Problem.model_validate_json(answer.text)
            assert problem.field, f"{case.as_curl_command()}\n{answer.text}"
            assert problem.status == answer.status_code

    with contextlib.suppress(hypothesis.errors.Unsatisfiable):  # nothing can be wrong with a door that asks nothing
        ask()


def test_every_error_is_one_named_schema(small_served):
    told = small_served.client.get("/openapi.json").json()
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                if status.startswith(("4", "5")):
                    schemas = [one["schema"] for one in answer["content"].values()]
                    assert {"$ref": "#/components/schemas/Problem"} in schemas, f"{method} {path} {status}"
    assert set(told["components"]["schemas"]["Problem"]["required"]) >= {"field", "status", "title", "detail"}
    assert "HTTPValidationError" not in json.dumps(told)
    assert set(told["components"]["securitySchemes"]) == {"key"}
