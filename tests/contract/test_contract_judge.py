"""The judge itself: what it lets pass and what it does not."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from contract.exchange import Exchange, judge
from contract.schemas import Schemas
from contract.specification import Specification, load_specification, missing_documents

BULKFETCH = Exchange(
    method="POST",
    raw_path="/rest/api/3/issue/bulkfetch",
    query=(),
    request_type="application/json",
    request_body=b'{"issueIdsOrKeys":["ABC-1"],"fields":["*all"]}',
    status=200,
    response_type="application/json",
    response_body=b'{"issues":[{"id":"1","key":"ABC-1","fields":{}}],"issueErrors":[]}',
)


@pytest.fixture(scope="module")
def specification() -> Specification:
    missing = missing_documents()
    if missing:
        pytest.skip(missing)
    return load_specification()


def get(path: str, *query: tuple[str, str], status: int = 200, body: Any = None) -> Exchange:
    text = None if body is None else json.dumps(body).encode()
    kind = "application/json" if text else ""
    return Exchange("GET", path, query, "", None, status, kind, text)


def test_every_documented_operation_is_known(specification: Specification) -> None:
    assert len(specification) == 1143


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("POST", "/rest/api/3/issue/bulkfetch", "/rest/api/3/issue/bulkfetch"),
        ("GET", "/rest/api/3/issue/bulkfetch", "/rest/api/3/issue/{issueIdOrKey}"),
        ("GET", "/rest/api/3/field/search", "/rest/api/3/field/search"),
        ("GET", "/wiki/api/v2/pages/12", "/wiki/api/v2/pages/{id}"),
        ("GET", "/rest/agile/1.0/board/3/sprint", "/rest/agile/1.0/board/{boardId}/sprint"),
    ],
)
def test_the_most_literal_template_wins(
    specification: Specification, method: str, path: str, template: str
) -> None:
    found = specification.find(method, path)
    assert found is not None
    assert found.template == template


def test_a_good_exchange_passes(specification: Specification) -> None:
    assert judge(specification, BULKFETCH) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"raw_path": "/rest/api/3/issue/bulkload/now"}, "no such operation"),
        ({"raw_path": "/wiki/rest/api/content", "method": "GET"}, "no such operation"),
        ({"query": [("startAt", "0")]}, "query parameter startAt is not documented"),
        ({"request_body": b'{"issueIdsOrKeys":["A-1"],"maxResults":5}'}, "maxResults"),
        ({"request_body": b'{"issueIdsOrKeys":"A-1"}'}, "is not of type 'array'"),
        ({"request_body": b"{"}, "no JSON"),
        ({"request_type": "", "request_body": None}, "no body"),
        ({"request_type": "text/plain"}, "documented is application/json"),
        ({"response_body": b'{"issues":[{"id":1}]}'}, "1 is not of type 'string'"),
        ({"response_type": "", "response_body": b""}, "documented body is missing"),
        ({"status": 418}, "status 418 is not documented"),
    ],
)
def test_a_departure_is_noticed(
    specification: Specification, change: dict[str, Any], complaint: str
) -> None:
    problems = judge(specification, replace(BULKFETCH, **change))
    assert any(complaint in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("exchange", "complaint"),
    [
        (get("/wiki/api/v2/pages", ("limit", "251"), body={"results": []}), "out of range"),
        (get("/wiki/api/v2/pages", ("limit", "many"), body={"results": []}), "no integer"),
        (get("/rest/api/3/workflow/search", body={"values": []}), "deprecated"),
        (get("/rest/api/3/user", ("groups", "x"), body={}), "not documented"),
    ],
)
def test_a_wrong_read_is_noticed(
    specification: Specification, exchange: Exchange, complaint: str
) -> None:
    problems = judge(specification, exchange)
    assert any(complaint in problem for problem in problems), problems


def test_deprecated_operations_without_a_successor_pass(specification: Specification) -> None:
    operation = specification.find("GET", "/rest/api/3/priority")
    assert operation is not None
    assert operation.allowed


@pytest.mark.parametrize("status", [401, 429, 503])
def test_answers_of_the_infrastructure_pass(specification: Specification, status: int) -> None:
    html = replace(
        BULKFETCH, status=status, response_type="text/html", response_body=b"<html></html>"
    )
    assert judge(specification, html) == []


def test_alternatives_that_overlap_pass(specification: Specification) -> None:
    body = {
        "spaceId": "1",
        "status": "current",
        "title": "A page",
        "body": {"representation": "storage", "value": "<p/>"},
    }
    create = Exchange(
        "POST",
        "/wiki/api/v2/pages",
        (),
        "application/json",
        json.dumps(body).encode(),
        200,
        "application/json",
        b'{"id":"5","title":"A page"}',
    )
    assert judge(specification, create) == []
    wrong = json.dumps({**body, "body": "<p/>"}).encode()
    assert judge(specification, replace(create, request_body=wrong))


def test_null_is_allowed_where_the_document_says_so_beside_a_reference() -> None:
    document = {"components": {"schemas": {"Name": {"type": "string"}}}}
    schemas = Schemas(document)
    schema = {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Name"}]}
    assert schemas.problems(schema, None) == []
    assert schemas.problems(schema, "x") == []
    assert schemas.problems(schema, 5) == ["$: 5 is not of type 'string'"]


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/rest/api/3/issue/ABC-1"), ("DELETE", "/rest/api/3/issue/ABC-1")]
)
def test_an_answer_without_a_body_passes_where_none_is_described(
    specification: Specification, method: str, path: str
) -> None:
    body = (b"{}", "application/json") if method == "PUT" else (None, "")
    done = Exchange(method, path, (), body[1], body[0], 204, "", None)
    assert judge(specification, done) == []


def test_a_thousand_exchanges_are_judged_in_seconds(specification: Specification) -> None:
    issue = json.loads(BULKFETCH.response_body or b"")["issues"][0]
    page = json.dumps({"issues": [issue] * 100, "issueErrors": []}).encode()
    started = time.process_time()
    for _ in range(100):
        assert judge(specification, replace(BULKFETCH, response_body=page)) == []
    assert time.process_time() - started < 5
