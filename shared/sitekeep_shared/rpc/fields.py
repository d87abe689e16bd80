"""Field masks (AIP-134, AIP-161): which fields of a resource an update changes."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf import field_mask_pb2
from google.protobuf.message import Message

from sitekeep_shared.errors import InvalidRequest, Violation
from sitekeep_shared.rpc.behaviors import IDENTIFIER, IMMUTABLE, OUTPUT_ONLY, behaviors
from sitekeep_shared.rpc.names import quoted


def changed_fields(
    mask: field_mask_pb2.FieldMask, given: Message, changeable: Sequence[str]
) -> list[str]:
    """The fields to change: those of the mask; without one, those that are set.

    What only the server sets is passed over, as a mask of a whole resource names it too.

    Raises:
        InvalidRequest: the mask names fields that cannot be changed; each is a violation.
    """
    if list(mask.paths) == ["*"]:
        return list(changeable)
    if not mask.paths:
        present = {field.name for field, _ in given.ListFields()}
        return [field for field in changeable if field in present]
    found = [_violation(path, given, changeable) for path in mask.paths]
    violations = [violation for violation in found if violation is not None]
    if violations:
        text = " ".join(f"`update_mask` {violation.description}" for violation in violations)
        raise InvalidRequest("REQUEST_INVALID", text, {"field": "update_mask"}, violations)
    return [field for field in changeable if field in mask.paths]


def _violation(path: str, given: Message, changeable: Sequence[str]) -> Violation | None:
    if path in changeable:
        return None
    field = given.DESCRIPTOR.fields_by_name.get(path)
    behavior = behaviors(field) if field is not None else frozenset[int]()
    if OUTPUT_ONLY in behavior:
        return None
    if behavior & {IMMUTABLE, IDENTIFIER}:
        why = f"names {path!r}, which never changes"
    else:
        why = f"names {quoted(path)}, which is no field that can be changed"
    text = f"{why}; what can be changed is {', '.join(changeable)}."
    return Violation("REQUEST_INVALID", "update_mask", text)
