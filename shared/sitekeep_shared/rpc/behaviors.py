"""What the annotations of a contract say about a field (AIP-203) or a resource (AIP-123)."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from google.api import field_behavior_pb2, resource_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

REQUIRED = field_behavior_pb2.REQUIRED
OUTPUT_ONLY = field_behavior_pb2.OUTPUT_ONLY
IMMUTABLE = field_behavior_pb2.IMMUTABLE
IDENTIFIER = field_behavior_pb2.IDENTIFIER


@cache
def behaviors(field: FieldDescriptor) -> frozenset[int]:
    """REQUIRED, OUTPUT_ONLY and so on, as far as the field is annotated with them."""
    return frozenset(extension(field.GetOptions(), field_behavior_pb2.field_behavior))


def resource_of(descriptor: Descriptor) -> Any:
    """The ``google.api.ResourceDescriptor`` of a message; an empty one where it is no resource."""
    return extension(descriptor.GetOptions(), resource_pb2.resource)


def extension(options: Message, name: Any) -> Any:
    """The value of an annotation."""
    # The stubs of the annotations do not say that they are extensions.
    return cast(Any, options).Extensions[name]


def clear_output_only(message: Message) -> None:
    """Empties what only the server sets, in the message and in those within it."""
    for field, value in message.ListFields():
        if OUTPUT_ONLY in behaviors(field):
            message.ClearField(field.name)
        elif field.message_type is not None and not field.is_repeated:
            clear_output_only(value)
