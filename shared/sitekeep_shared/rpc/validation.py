"""Checks a request against its contract: the types, and the annotations (AIP-203, AIP-122).

What only the server sets is not looked at: a request may hold anything there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

from google.api import field_info_pb2, resource_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from sitekeep.backup.v1 import api_key_pb2, backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep.operation.v1 import operation_pb2
from sitekeep.restore.v1 import content_pb2, restore_pb2
from sitekeep_shared.errors import InvalidRequest, Violation
from sitekeep_shared.rpc import values
from sitekeep_shared.rpc.behaviors import (
    IDENTIFIER,
    OUTPUT_ONLY,
    REQUIRED,
    behaviors,
    extension,
    resource_of,
)
from sitekeep_shared.rpc.names import ID_PATTERN, id_trouble, quoted
from sitekeep_shared.rpc.times import duration_trouble, timestamp_trouble

MOST_ITEMS = 100
"""How many items a repeated field of a request may have."""

_CONTRACTS = (
    organization_pb2,
    api_key_pb2,
    backup_policy_pb2,
    backup_pb2,
    restore_pb2,
    content_pb2,
    operation_pb2,
)
_TIMES: dict[str, Callable[[Any], str]] = {
    "google.protobuf.Timestamp": timestamp_trouble,
    "google.protobuf.Duration": duration_trouble,
}


class _Rule(NamedTuple):
    field: FieldDescriptor
    required: bool
    trouble: Callable[[Any], str]
    """What is wrong with one value; empty where nothing is."""
    nested: bool
    """A value is a message with fields of its own."""


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

    A ``partial`` message is a resource in an update: what it leaves out stays, but
    its name says which resource it is.
    """
    for rule in _rules(message.DESCRIPTOR, partial):
        name = path + rule.field.name
        if not _is_set(message, rule.field):
            if rule.required:
                yield _violation(name, "is required.")
        elif rule.field.is_repeated:
            yield from _of_items(rule, name, getattr(message, rule.field.name))
        else:
            yield from _of_value(rule, name, getattr(message, rule.field.name))


def _is_set(message: Message, field: FieldDescriptor) -> bool:
    if field.message_type is not None and not field.is_repeated:
        return message.HasField(field.name)
    return bool(getattr(message, field.name))


def _of_items(rule: _Rule, name: str, items: Any) -> Iterator[Violation]:
    if len(items) > MOST_ITEMS:
        yield _violation(name, f"has {len(items)} items; {MOST_ITEMS} are the most.")
        return
    entry = _map_entry(rule.field)
    if entry is not None:
        key, value = (_rule(entry.fields_by_name[part], False) for part in ("key", "value"))
        for item in sorted(items):
            yield from _of_value(key, f"{name}.key", item)
            yield from _of_value(value, f"{name}[{quoted(item)}]", items[item])
    else:
        for number, item in enumerate(items):
            yield from _of_value(rule, f"{name}[{number}]", item)


def _of_value(rule: _Rule, name: str, value: Any) -> Iterator[Violation]:
    trouble = rule.trouble(value)
    if trouble:
        yield _violation(name, trouble)
    elif rule.nested:
        updated = _home(rule.field).name.startswith("Update")
        partial = updated and bool(resource_of(value.DESCRIPTOR).type)
        yield from violations(value, name + ".", partial)


def _violation(name: str, description: str) -> Violation:
    return Violation("REQUEST_INVALID", name, description)


@cache
def _rules(descriptor: Descriptor, partial: bool) -> tuple[_Rule, ...]:
    """The rules of a message that say anything at all."""
    ignored = {OUTPUT_ONLY} if partial else {OUTPUT_ONLY, IDENTIFIER}
    rules = (_rule(field, partial) for field in descriptor.fields if not behaviors(field) & ignored)
    return tuple(
        rule
        for rule in rules
        if rule.required or rule.nested or rule.field.is_repeated or rule.trouble is not _none
    )


def _rule(field: FieldDescriptor, partial: bool) -> _Rule:
    needed = IDENTIFIER if partial else REQUIRED
    is_time = field.message_type is not None and field.message_type.full_name in _TIMES
    nested = field.message_type is not None and not is_time and _map_entry(field) is None
    return _Rule(field, needed in behaviors(field), _trouble(field), nested)


def _home(field: FieldDescriptor) -> Descriptor:
    """The message that the field belongs to; only extensions belong to none."""
    assert field.containing_type is not None
    return field.containing_type


def _map_entry(field: FieldDescriptor) -> Descriptor | None:
    kind = field.message_type
    return kind if kind is not None and kind.GetOptions().map_entry else None


def _trouble(field: FieldDescriptor) -> Callable[[Any], str]:
    if field.message_type is not None:
        return _TIMES.get(field.message_type.full_name, _none)
    if field.enum_type is not None:
        return values.one_of(field.enum_type)
    if field.type == FieldDescriptor.TYPE_STRING:
        return _text_trouble(field)
    return _none


def _text_trouble(field: FieldDescriptor) -> Callable[[Any], str]:
    options = field.GetOptions()
    forms = _forms_of(field)
    if forms:
        return values.of_form(" or ".join(forms), _pattern(forms))
    if extension(options, field_info_pb2.field_info).format == field_info_pb2.FieldInfo.UUID4:
        return values.uuid_trouble
    if _names_a_resource(field):
        return id_trouble
    longest = values.LONGEST_TOKEN if field.name.endswith("_token") else values.LONGEST_TEXT
    return values.text_up_to(longest)


def _none(value: Any) -> str:
    return ""


def _names_a_resource(field: FieldDescriptor) -> bool:
    """AIP-133: the id of what is created stands beside it, under its name and ``_id``."""
    resource = _home(field).fields_by_name.get(field.name.removesuffix("_id"))
    return (
        resource is not None
        and resource is not field
        and resource.message_type is not None
        and bool(resource_of(resource.message_type).type)
    )


def _forms_of(field: FieldDescriptor) -> tuple[str, ...]:
    """The forms that a resource name in the field may have; none where it is not one."""
    if IDENTIFIER in behaviors(field):
        return tuple(resource_of(_home(field)).pattern)
    reference = extension(field.GetOptions(), resource_pb2.resource_reference)
    if reference.child_type:
        return tuple(form.rsplit("/", 2)[0] for form in _forms().get(reference.child_type, ()))
    return _forms().get(reference.type or "", ())


def _pattern(forms: tuple[str, ...]) -> re.Pattern[str]:
    # The id of an entity carries the key that the site gave it.
    patterns = (
        re.sub(r"\{\w+\}", ID_PATTERN, form.replace("{entity}", "[A-Za-z0-9_.-]{1,4000}"))
        for form in forms
    )
    return re.compile("(?:" + "|".join(patterns) + r")\Z")


@cache
def _forms() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for contract in _CONTRACTS:
        for descriptor in contract.DESCRIPTOR.message_types_by_name.values():
            resource = resource_of(descriptor)
            if resource.type:
                found[resource.type] = tuple(resource.pattern)
    return found
