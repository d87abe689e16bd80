"""Checks a request against the annotations that its contract carries (AIP-203, AIP-122)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple, cast

from google.api import field_behavior_pb2, field_info_pb2, resource_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from sitekeep.backup.v1 import api_key_pb2, backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep.operation.v1 import operation_pb2
from sitekeep.restore.v1 import content_pb2, restore_pb2
from sitekeep_shared.errors import InvalidRequest, Violation
from sitekeep_shared.rpc.names import ID_PATTERN, quoted

_CONTRACTS = (
    organization_pb2,
    api_key_pb2,
    backup_policy_pb2,
    backup_pb2,
    restore_pb2,
    content_pb2,
    operation_pb2,
)
_UUID4 = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z", re.IGNORECASE
)


class _Rule(NamedTuple):
    field: FieldDescriptor
    required: bool
    resource: str
    """The patterns of the resource in words; empty: no resource is named."""
    pattern: re.Pattern[str] | None
    uuid: bool
    nested: bool


def validate(request: Message) -> None:
    """Raises one error that names every field that is missing or malformed.

    Raises:
        InvalidRequest: with a violation per field.
    """
    found = list(violations(request))
    if found:
        text = " ".join(f"`{violation.subject}` {violation.description}" for violation in found)
        raise InvalidRequest("REQUEST_INVALID", text, {"field": found[0].subject}, found)


def violations(message: Message, path: str = "", partial: bool = False) -> Iterator[Violation]:
    """Every field that is missing or malformed, with its path.

    A ``partial`` message is a resource in an update: what it leaves out stays.
    """
    updates = message.DESCRIPTOR.name.startswith("Update")
    for rule in _rules(message.DESCRIPTOR):
        name = path + rule.field.name
        if rule.nested:
            if message.HasField(rule.field.name):
                yield from violations(getattr(message, rule.field.name), name + ".", updates)
            elif rule.required:
                yield Violation("REQUEST_INVALID", name, "is required.")
        else:
            value = getattr(message, rule.field.name)
            if value or not partial:
                yield from _scalar(rule, name, value)


def _scalar(rule: _Rule, name: str, value: object) -> Iterator[Violation]:
    if not value:
        if rule.required:
            yield Violation("REQUEST_INVALID", name, "is required.")
    elif rule.pattern and not rule.pattern.match(str(value)):
        yield Violation(
            "REQUEST_INVALID",
            name,
            f"is {quoted(value)}; it has to be of the form {rule.resource}.",
        )
    elif rule.uuid and not _UUID4.match(str(value)):
        text = f"is {quoted(value)}; it has to be a UUID version 4."
        yield Violation("REQUEST_INVALID", name, text)


@cache
def _rules(descriptor: Descriptor) -> tuple[_Rule, ...]:
    rules = (_rule(field) for field in descriptor.fields)
    return tuple(
        rule for rule in rules if any((rule.required, rule.pattern, rule.uuid, rule.nested))
    )


def _rule(field: FieldDescriptor) -> _Rule:
    options = field.GetOptions()
    behaviors = set(_extension(options, field_behavior_pb2.field_behavior))
    reference = _extension(options, resource_pb2.resource_reference)
    forms = _forms().get(reference.type or "", ())
    if reference.child_type:
        forms = tuple(form.rsplit("/", 2)[0] for form in _forms().get(reference.child_type, ()))
    output_only = field_behavior_pb2.OUTPUT_ONLY in behaviors
    message_type = field.message_type
    nested = (
        message_type is not None
        and not field.is_repeated
        and message_type.full_name.startswith("sitekeep.")
        and not output_only
    )
    return _Rule(
        field,
        field_behavior_pb2.REQUIRED in behaviors,
        " or ".join(forms),
        None if output_only or nested else _pattern(forms),
        _extension(options, field_info_pb2.field_info).format == field_info_pb2.FieldInfo.UUID4,
        nested,
    )


def _extension(options: Message, extension: Any) -> Any:
    # The stubs of the annotations do not say that they are extensions.
    return cast(Any, options).Extensions[extension]


def _pattern(forms: tuple[str, ...]) -> re.Pattern[str] | None:
    if not forms:
        return None
    # The id of an entity carries the key that the site gave it.
    patterns = (
        re.sub(r"\{\w+\}", ID_PATTERN, form.replace("{entity}", "[A-Za-z0-9_.-]+"))
        for form in forms
    )
    return re.compile("(?:" + "|".join(patterns) + r")\Z")


@cache
def _forms() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for contract in _CONTRACTS:
        for descriptor in contract.DESCRIPTOR.message_types_by_name.values():
            resource = _extension(descriptor.GetOptions(), resource_pb2.resource)
            if resource.type:
                found[resource.type] = tuple(resource.pattern)
    return found
