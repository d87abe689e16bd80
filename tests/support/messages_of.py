"""Messages that a contract allows and nobody would send, for property tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from google.api import resource_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

from sitekeep_shared.rpc.behaviors import (
    IDENTIFIER,
    OUTPUT_ONLY,
    REQUIRED,
    behaviors,
    extension,
    resource_of,
)

Known = Mapping[str, Sequence[Any]]
"""Values that mean something, by the type of the resource or the name of the field."""
Values = st.SearchStrategy[Any]

_DEEPEST = 5
_SIGNED_32 = (
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_SINT32,
    FieldDescriptor.TYPE_SFIXED32,
)
_SIGNED_64 = (
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_SINT64,
    FieldDescriptor.TYPE_SFIXED64,
)
_UNSIGNED_32 = (FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_FIXED32)

_ODD_TEXTS = (
    "\x00",
    "a\x00b",
    "\x1b[31m",
    "\ufeff\u202e",
    "\U0001f4a9" * 30,
    "x" * 5_000,
    "organizations/" + "a" * 70,
    "organizations/acme/products/../admins/a",
    "%s%n{0}{name}",
    "'; DROP TABLE organization; --",
    "\n\r\t",
    "ſ",
)


def any_message(kind: type[Message]) -> st.SearchStrategy[Message]:
    """Messages of the type: any field set or not, to any value that its type holds."""
    return _wild(_descriptor(kind), 0)


def likely_message(kind: type[Message], known: Known) -> st.SearchStrategy[Message]:
    """Messages that mostly make sense, with anything at all in a field here and there.

    What only the server sets holds anything: it has to be ignored.
    """
    return _likely(_descriptor(kind), known, 0)


def _descriptor(kind: type[Message]) -> Descriptor:
    # The stubs name two types that are one.
    descriptor: Descriptor = cast(Any, kind).DESCRIPTOR
    return descriptor


@st.composite
def damaged(draw: st.DrawFn, messages: st.SearchStrategy[Message]) -> bytes:
    """The bytes of a message with some taken out, added or altered."""
    content = bytearray(draw(messages).SerializeToString())
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, 3))
        content[place : place + length] = draw(st.binary(max_size=3))
    return bytes(content)


@st.composite
def _wild(draw: st.DrawFn, descriptor: Descriptor, depth: int) -> Message:
    message = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if (field.message_type is None or depth < _DEEPEST) and draw(st.integers(0, 7)) < 3:
            _put(draw, message, field, _anything(field, depth))
    return message


@st.composite
def _likely(draw: st.DrawFn, descriptor: Descriptor, known: Known, depth: int) -> Message:
    message = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if field.message_type is not None and depth >= _DEEPEST:
            continue
        chance = draw(st.integers(0, 31))
        likely = _sensible(field, known, depth)
        if OUTPUT_ONLY in behaviors(field):
            if chance > 23:
                _put(draw, message, field, _anything(field, depth))
        elif chance > 28:
            _put(draw, message, field, _anything(field, depth))
        elif likely is not None and (chance < 20 or REQUIRED in behaviors(field)):
            _put(draw, message, field, likely)
    return message


def _put(draw: st.DrawFn, message: Message, field: FieldDescriptor, value: Values) -> None:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        return
    if field.is_repeated:
        count = draw(st.sampled_from((1, 1, 2, 150))) if kind is None else 1
        getattr(message, field.name).extend([draw(value)] * count)
    elif kind is not None:
        getattr(message, field.name).CopyFrom(draw(value))
    else:
        setattr(message, field.name, draw(value))


def _sensible(field: FieldDescriptor, known: Known, depth: int) -> Values | None:
    """What the field is for; None where nothing is known about it."""
    if field.message_type is not None:
        return _likely(field.message_type, known, depth + 1)
    if field.enum_type is not None:
        numbers = [value.number for value in field.enum_type.values]
        return st.sampled_from([*numbers[1:], 99])
    if field.type == FieldDescriptor.TYPE_BOOL:
        return st.booleans()
    values = known.get(_meaning(field), ())
    return st.sampled_from(values) if values else None


def _meaning(field: FieldDescriptor) -> str:
    """The type of the resource that the field names, or the name of the field."""
    reference = extension(field.GetOptions(), resource_pb2.resource_reference)
    if reference.child_type:
        return "parent"
    if IDENTIFIER in behaviors(field) and field.containing_type is not None:
        return str(resource_of(field.containing_type).type)
    return str(reference.type or field.name)


def _anything(field: FieldDescriptor, depth: int) -> Values:
    if field.message_type is not None:
        return _wild(field.message_type, depth + 1)
    return _scalar(field)


def _scalar(field: FieldDescriptor) -> Values:
    if field.enum_type is not None:
        numbers = [value.number for value in field.enum_type.values]
        return st.one_of(st.sampled_from([*numbers, 99, -1]), _integers(32))
    if field.type == FieldDescriptor.TYPE_STRING:
        return st.one_of(st.text(max_size=40), st.sampled_from(_ODD_TEXTS))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=40)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return st.booleans()
    if field.type in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT):
        return st.floats(width=32)
    if field.type in _SIGNED_32:
        return _integers(32)
    if field.type in _SIGNED_64:
        return _integers(64)
    return st.integers(0, 2**32 - 1 if field.type in _UNSIGNED_32 else 2**64 - 1)


def _integers(bits: int) -> st.SearchStrategy[int]:
    lowest, highest = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return st.one_of(
        st.sampled_from((lowest, -1, 0, 1, 1_000, highest)), st.integers(lowest, highest)
    )
