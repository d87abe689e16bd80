"""Field masks (AIP-134): which fields of a resource an update changes."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf import field_mask_pb2
from google.protobuf.message import Message

from sitekeep_shared.rpc.names import invalid


def changed_fields(
    mask: field_mask_pb2.FieldMask, given: Message, changeable: Sequence[str]
) -> list[str]:
    """The fields to change: those of the mask; without one, those that are set.

    Raises:
        InvalidRequest: the mask names a field that cannot be changed.
    """
    if list(mask.paths) == ["*"]:
        return list(changeable)
    if not mask.paths:
        present = {field.name for field, _ in given.ListFields()}
        return [field for field in changeable if field in present]
    for path in mask.paths:
        if path not in changeable:
            raise invalid(
                "update_mask", f"names {path!r}; what can be changed is {', '.join(changeable)}."
            )
    return list(mask.paths)
