"""Validators for the schemas of one OpenAPI 3.0 document, compiled once.

Tolerated defects of Atlassian's documents: ``oneOf`` means ``anyOf``, discriminators name
schemas that are not there, ``nullable`` stands beside ``allOf`` and ``enum``, types that are
none, properties that are required and forbidden at once (misspelt: ``bulk/issues/move``), the types
of projects without Product Discovery's.
Formats are not judged: Jira's own times are no RFC 3339.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from jsonschema import validators
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from openapi_schema_validator import OAS30Validator

Json = Any
Schema = dict[str, Json]

_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object"})
_NOT_JUDGED = frozenset(
    {"discriminator", "format", "example", "default", "description", "xml", "title", "deprecated",
     "readOnly", "writeOnly", "externalDocs"}
)  # fmt: skip
_BESIDE_NULL = frozenset({"allOf", "anyOf", "$ref", "enum"})


class Schemas:
    """The schemas of one document."""

    def __init__(self, document: Mapping[str, Json]) -> None:
        self._document = document
        self._by_reference: dict[str, Validator] = {}
        self._inline: dict[int, Validator] = {}
        extend = cast(Any, validators).extend
        extended = extend(OAS30Validator, {"$ref": self._follow})
        self._kind = cast("type[Validator]", extended)

    def problems(self, schema: Schema, value: Json) -> list[str]:
        """What is wrong with the value, one line for each problem."""
        return [_line(error) for error in self._validator(schema).iter_errors(value)]

    def _validator(self, schema: Schema) -> Validator:
        # Schemas live as long as the document: their identity is a key.
        found = self._inline.get(id(schema))
        if found is None:
            found = self._inline[id(schema)] = self._kind(tolerant(schema))
        return found

    def _follow(
        self, _: Validator, reference: str, instance: Json, __: Schema
    ) -> Iterator[ValidationError]:
        found = self._by_reference.get(reference)
        if found is None:
            schema = resolve(self._document, reference)
            found = self._by_reference[reference] = self._kind(tolerant(schema))
        yield from found.iter_errors(instance)


def resolve(document: Mapping[str, Json], reference: str) -> Json:
    """What a local reference of the document points at. Raises KeyError."""
    found: Json = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def tolerant(schema: Json) -> Json:
    """A copy of a schema without the defects."""
    if not isinstance(schema, dict):
        return schema
    whole = cast("Schema", schema)
    clean: Schema = {}
    for name, value in whole.items():
        _put(clean, name, value)
    if whole.get("additionalProperties") is False and "required" in clean:
        known = whole.get("properties", {})
        clean["required"] = [name for name in clean["required"] if name in known]
    if whole.get("nullable") is True and _BESIDE_NULL & clean.keys():
        clean.pop("nullable", None)
        return {"anyOf": [clean, {"enum": [None]}]}
    return clean


def _put(clean: Schema, name: str, value: Json) -> None:
    if name in ("oneOf", "anyOf"):
        clean.setdefault("anyOf", []).extend(tolerant(each) for each in value)
    elif name == "allOf":
        clean[name] = [tolerant(each) for each in value]
    elif name == "properties":
        clean[name] = {key: tolerant(_of_all_types(key, each)) for key, each in value.items()}
    elif name in ("items", "additionalProperties", "not"):
        clean[name] = tolerant(value)
    elif (name == "type" and value not in _TYPES) or (
        name == "required" and not isinstance(value, list)
    ):
        return
    elif name not in _NOT_JUDGED:
        clean[name] = value


def _of_all_types(name: str, schema: Json) -> Json:
    """What answers say of a project's type; that no request may say so stays."""
    if name != "projectTypeKey" or not schema.get("readOnly"):
        return schema
    return {**schema, "enum": [*schema["enum"], "product_discovery"]}


def _line(error: ValidationError) -> str:
    deepest = error
    while deepest.context:
        # Of several alternatives the one that fits farthest is what was meant.
        deepest = max(deepest.context, key=lambda each: len(each.absolute_path))
    return f"{deepest.json_path}: {deepest.message[:200]}"
