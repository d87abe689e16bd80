"""Atlassian's OpenAPI documents as a judge of operations.

They are read from ``SITEKEEP_SPECS`` (default: ``../shared/specs`` from the project root) and
never copied. Their known defects are listed in that folder's README.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from contract.schemas import Schema, Schemas, resolve

Json = Any

_METHODS = ("get", "post", "put", "delete", "patch")
_PREFIXES = {
    "jira-platform-v3.json": "",
    "jira-software.json": "",
    "jira-service-desk.json": "",
    "confluence-v1.json": "",
    "confluence-v2.json": "/wiki/api/v2",
}

_PREFERENCE = "#/paths/~1rest~1api~13~1mypreferences"

_REQUEST_TYPE_PROPERTY = (
    "#/paths/~1rest~1servicedeskapi~1servicedesk~1{serviceDeskId}~1requesttype~1{requestTypeId}"
    "~1property~1{propertyKey}"
)

_CORRECTIONS: Mapping[str, Mapping[str, Json]] = {
    "jira-platform-v3.json": {
        # A value is documented as the innards of a parser; the document's own example has any JSON.
        "#/components/schemas/IssueEntityPropertiesForMultiUpdate/properties/properties": {
            "additionalProperties": {},
        },
        # The document's own example of GET issue/{id}/changelog and every real answer have null.
        **{
            f"#/components/schemas/ChangeDetails/properties/{name}": {"nullable": True}
            for name in ("from", "fromString", "to", "toString")
        },
        # The example of GET bulk/queue/{taskId} has milliseconds.
        **{
            f"#/components/schemas/BulkOperationProgress/properties/{name}": {"type": "any"}
            for name in ("created", "started", "updated")
        },
        # The names of both properties are their descriptions; the examples have column and row.
        "#/components/schemas/DashboardGadgetPosition": {
            "properties": {"column": {"type": "integer"}, "row": {"type": "integer"}},
            "required": ["column", "row"],
        },
        # The example of GET fieldconfiguration has what its schema says only of one that is made.
        "#/components/schemas/PageBeanFieldConfigurationDetails/properties/values": {
            "items": {"$ref": "#/components/schemas/FieldConfiguration"}
        },
        # "If the field configuration scheme ID is null, the operation assigns the default one."
        "#/components/schemas/FieldConfigurationSchemeProjectAssociation/properties/"
        "fieldConfigurationSchemeId": {"nullable": True},
        # "To remove the screen association, pass a null."
        **{
            f"#/components/schemas/UpdateScreenTypes/properties/{name}": {"nullable": True}
            for name in ("create", "edit", "view")
        },
        # One of several objects that all have properties, and no property of its own at once.
        "#/components/schemas/CustomFieldContextDefaultValue": {"additionalProperties": True},
        # Documented as a string; live sites take and give the bare value (rest.md §2, watchers).
        f"{_PREFERENCE}/put/requestBody/content/application~1json/schema": {"type": "any"},
        f"{_PREFERENCE}/get/responses/200/content/application~1json/schema": {"type": "any"},
    },
    "jira-service-desk.json": {
        # The description speaks of the value that is set, as the one of organizations does,
        # where the document has the body.
        f"{_REQUEST_TYPE_PROPERTY}/put": {
            "requestBody": {"content": {"application/json": {"schema": {}}}}
        },
    },
}
"""Where the documents contradict themselves or live sites: reference → what holds instead."""

DEPRECATED_BUT_ALLOWED = (
    ("GET", re.compile(r"/rest/api/3/priority(/search)?")),
    ("POST", re.compile(r"/rest/api/3/priority")),
    ("GET", re.compile(r"/rest/api/3/field/\{\w+\}/context/defaultValue")),
    ("PUT", re.compile(r"/rest/api/3/field/\{\w+\}/context/defaultValue")),
    # Their successor, config/fieldschemes, is an experiment that most sites do not have.
    *(
        (method, re.compile(r"/rest/api/3/fieldconfiguration(scheme)?(/.*)?"))
        for method in ("GET", "POST", "PUT", "DELETE")
    ),
    ("GET", re.compile(r"/rest/api/3/workflow/transitions/\{\w+\}/properties")),
)
"""Operations without a successor; atlassian-rest.md §7 names them."""


@dataclass(frozen=True)
class Parameter:
    """A query parameter."""

    name: str
    required: bool
    schema: Schema


@dataclass(frozen=True, eq=False)
class Operation:
    """A method on a path template of one document."""

    method: str
    template: str
    deprecated: bool
    query: Mapping[str, Parameter]
    body_required: bool
    request_content: Mapping[str, Schema]
    """Media type → schema; empty where the operation has no body."""
    responses: Mapping[str, Mapping[str, Schema]]
    """Status (or ``default``) → media type → schema."""
    schemas: Schemas

    @property
    def name(self) -> str:
        """Method and template."""
        return f"{self.method} {self.template}"

    @property
    def allowed(self) -> bool:
        """Whether Sitekeep may use it."""
        return not self.deprecated or any(
            self.method == method and pattern.fullmatch(self.template)
            for method, pattern in DEPRECATED_BUT_ALLOWED
        )


class Specification:
    """All operations of all documents."""

    def __init__(self, documents: Mapping[str, Mapping[str, Json]]) -> None:
        self._by_shape: dict[tuple[str, int], list[Operation]] = {}
        for name, document in documents.items():
            for operation in _operations(document, _PREFIXES[name]):
                shape = (operation.method, operation.template.count("/"))
                self._by_shape.setdefault(shape, []).append(operation)

    def __len__(self) -> int:
        return sum(len(operations) for operations in self._by_shape.values())

    def find(self, method: str, raw_path: str) -> Operation | None:
        """The operation of a request; among several the one with most literal segments."""
        segments = raw_path.split("/")
        candidates = self._by_shape.get((method, len(segments) - 1), [])
        fits = [each for each in candidates if _fits(each.template.split("/"), segments)]
        return max(fits, key=lambda each: -each.template.count("{"), default=None)


def specification_folder() -> Path:
    """Where the documents are expected."""
    project = Path(__file__).resolve().parents[2]
    return Path(os.environ.get("SITEKEEP_SPECS", project.parent / "shared" / "specs"))


def missing_documents() -> str:
    """Why the documents cannot be used, empty where they can."""
    folder = specification_folder()
    missing = [name for name in _PREFIXES if not (folder / name).is_file()]
    if not missing:
        return ""
    return f"SITEKEEP_SPECS ({folder}) lacks Atlassian's OpenAPI documents: {', '.join(missing)}"


@functools.cache
def load_specification() -> Specification:
    """Reads the documents once in a process."""
    folder = specification_folder()
    return Specification({name: _document(folder / name) for name in _PREFIXES})


def _document(path: Path) -> Json:
    document = json.loads(path.read_bytes())
    for reference, keywords in _CORRECTIONS.get(path.name, {}).items():
        resolve(document, reference).update(keywords)
    return document


def _fits(template: list[str], segments: list[str]) -> bool:
    return all(
        part == segment or (part.startswith("{") and segment != "")
        for part, segment in zip(template, segments, strict=True)
    )


def _operations(document: Mapping[str, Json], prefix: str) -> Iterator[Operation]:
    schemas = Schemas(document)
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield _operation(document, schemas, prefix + path, method, item)


def _operation(
    document: Mapping[str, Json], schemas: Schemas, template: str, method: str, item: Json
) -> Operation:
    raw = item[method]
    body = _resolved(document, raw.get("requestBody", {}))
    answers = {status: _resolved(document, each) for status, each in raw["responses"].items()}
    return Operation(
        method=method.upper(),
        template=template,
        deprecated=raw.get("deprecated", False),
        query=_query(document, [*item.get("parameters", []), *raw.get("parameters", [])]),
        body_required=body.get("required", False),
        request_content=_content(body),
        responses={status: _content(each) for status, each in answers.items()},
        schemas=schemas,
    )


def _query(document: Mapping[str, Json], parameters: list[Json]) -> dict[str, Parameter]:
    found = (_resolved(document, each) for each in parameters)
    return {
        each["name"]: Parameter(each["name"], each.get("required", False), each.get("schema", {}))
        for each in found
        if each["in"] == "query"
    }


def _content(part: Json) -> dict[str, Schema]:
    return {
        kind.partition(";")[0].strip(): cast("Schema", each.get("schema", {}))
        for kind, each in part.get("content", {}).items()
    }


def _resolved(document: Mapping[str, Json], part: Json) -> Json:
    return resolve(document, part["$ref"]) if "$ref" in part else part
