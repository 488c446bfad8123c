"""The OpenAPI document is true: whatever it allows, and whatever it forbids, is never a 500."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi_checks

from portal.api.endpoint import REGISTRY
from portal.core import clock
from portal.generation import service as generation
from portal.generation.orders import Order
from tests.factories import TODAY, create_client, create_contract, create_settings

EXAMPLES = 5  # an endpoint and mode
CHECKS = (
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
)


def test_the_document_is_for_anyone_and_names_every_endpoint(web):
    document = web.get("/api/v1/openapi.json").json
    operations = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
    }
    assert document["openapi"].startswith("3.1")
    assert operations == {endpoint.name for endpoint in REGISTRY.found}


@pytest.fixture
def company(app):
    """Something to find behind the ids that are tried."""
    with app.app_context():
        create_settings()
        for code in ("C1", "C2"):
            create_contract(code=code, client=create_client(code=code))
        generation.run_now(Order(TODAY.replace(day=1)), today=TODAY, actor=None, now=clock.now())


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
def test_no_request_that_the_document_brings_to_mind_is_a_500(app, erp, company, mode):
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == len(REGISTRY.found)
    for operation in operations:
        ask(operation.as_strategy(generation_mode=mode), erp.headers)


def ask(cases, headers):
    """Send the cases; each answer must be one that the document knows, of the shape it says."""

    @given(case=cases)
    @hypothesis_settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def one(case):
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=CHECKS)

    one()


def test_answers_that_are_found_have_the_shape_that_the_document_says(app, erp, company):
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    found = {"code": "C1", "id": 1}
    shown = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.method == "get":
            names = [part for part in found if f"{{{part}}}" in operation.path]
            case = operation.Case(path_parameters={name: found[name] for name in names})
            answer = case.call(headers=erp.headers)
            assert answer.status_code == 200, operation.path
            case.validate_response(answer, checks=CHECKS)
            shown += 1
    assert shown > 8
