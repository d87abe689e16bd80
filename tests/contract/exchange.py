"""One exchange of a request and its answer, judged by the specification."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.schemas import Schema
from contract.specification import Operation, Parameter, Specification

_JSON = "application/json"
_ALWAYS_POSSIBLE = frozenset({401, 408, 429, 500, 502, 503, 504})
"""Answers of the infrastructure in front of every operation; few documents list them."""


@dataclass(frozen=True)
class Exchange:
    """What went over the wire."""

    method: str
    raw_path: str
    """Percent-encoded, without the query."""
    query: Sequence[tuple[str, str]]
    request_type: str
    """Media type of the request's body, empty where there is none."""
    request_body: bytes | None
    """None where there is no body or where it was not recorded (multipart)."""
    status: int
    response_type: str
    response_body: bytes | None
    """None where it was not recorded (a stream)."""


def judge(specification: Specification, exchange: Exchange) -> list[str]:
    """Everything in which an exchange departs from the documents, empty where nothing does."""
    operation = specification.find(exchange.method, exchange.raw_path)
    if operation is None:
        return [f"{exchange.method} {exchange.raw_path}: no such operation is documented"]
    problems = [*_request_problems(operation, exchange), *_response_problems(operation, exchange)]
    return [f"{operation.name}: {problem}" for problem in problems]


def _request_problems(operation: Operation, exchange: Exchange) -> Iterator[str]:
    if not operation.allowed:
        yield "the operation is deprecated"
    yield from _query_problems(operation.query, exchange.query)
    # A request that the site refuses may be wrong in its body: that is what was refused.
    if exchange.status < 400:
        yield from _body_problems(operation, exchange)


def _query_problems(
    known: Mapping[str, Parameter], query: Sequence[tuple[str, str]]
) -> Iterator[str]:
    for name, value in query:
        parameter = known.get(name)
        if parameter is None:
            yield f"query parameter {name} is not documented"
        else:
            yield from _value_problems(parameter, value)
    given = {name for name, _ in query}
    for name, parameter in known.items():
        if parameter.required and name not in given:
            yield f"query parameter {name} is required"


def _value_problems(parameter: Parameter, value: str) -> Iterator[str]:
    kind = parameter.schema.get("type")
    if kind == "boolean" and value not in ("true", "false"):
        yield f"query parameter {parameter.name} is no boolean: {value!r}"
    if kind != "integer":
        return
    if not value.lstrip("-").isdigit():
        yield f"query parameter {parameter.name} is no integer: {value!r}"
    elif not _is_in_range(parameter.schema, int(value)):
        yield f"query parameter {parameter.name} is out of range: {value}"


def _is_in_range(schema: Schema, value: int) -> bool:
    lowest, highest = schema.get("minimum", value), schema.get("maximum", value)
    return bool(lowest <= value <= highest)


def _body_problems(operation: Operation, exchange: Exchange) -> Iterator[str]:
    if not exchange.request_type:
        if operation.body_required:
            yield "the request has no body"
        return
    schema = _schema(operation.request_content, exchange.request_type)
    if schema is None:
        kinds = ", ".join(operation.request_content) or "none"
        yield f"the request's body is {exchange.request_type}, documented is {kinds}"
    elif exchange.request_type == _JSON and exchange.request_body is not None:
        yield from _json_problems(operation, "request", schema, exchange.request_body)


def _response_problems(operation: Operation, exchange: Exchange) -> Iterator[str]:
    content = operation.responses.get(str(exchange.status), operation.responses.get("default"))
    if content is None:
        if exchange.status not in _ALWAYS_POSSIBLE:
            yield f"status {exchange.status} is not documented"
        return
    schema = _schema(content, exchange.response_type)
    is_judged = schema and exchange.response_type == _JSON and exchange.response_body is not None
    if _has_body(content) and exchange.status < 300 and not exchange.response_type:
        yield f"response {exchange.status}: the documented body is missing"
    if is_judged and schema is not None and exchange.response_body is not None:
        where = f"response {exchange.status}"
        yield from _json_problems(operation, where, schema, exchange.response_body)


def _has_body(content: Mapping[str, Schema]) -> bool:
    # An empty schema stands for no body: PUT issue (204), POST issueLink (201).
    return any(content.values())


def _schema(content: Mapping[str, Schema], kind: str) -> Schema | None:
    return content.get(kind, content.get("*/*"))


def _json_problems(operation: Operation, where: str, schema: Schema, body: bytes) -> Iterator[str]:
    try:
        value: Any = json.loads(body)
    except ValueError as error:
        yield f"{where}: no JSON: {error}"
        return
    for problem in operation.schemas.problems(schema, value):
        yield f"{where} {problem}"
