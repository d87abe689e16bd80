"""Resource names (AIP-122): made and taken apart here only."""

from __future__ import annotations

import base64
import binascii
import re
import uuid

from sitekeep_shared.errors import AlreadyExists, InvalidRequest, Violation
from sitekeep_shared.kinds import Kind

ID_PATTERN = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ID = re.compile(ID_PATTERN + r"\Z")


LONGEST_QUOTE = 80
"""Characters of a caller's value that an error repeats."""


def quoted(value: object) -> str:
    """A value of the caller's for an error; a long one is cut, as errors travel in headers."""
    text = str(value)
    if len(text) <= LONGEST_QUOTE:
        return repr(text)
    return f"{text[:LONGEST_QUOTE]!r}… ({len(text)} characters)"


def invalid(field: str, description: str) -> InvalidRequest:
    """The error about one field of a request."""
    return InvalidRequest(
        "REQUEST_INVALID",
        f"`{field}` {description}",
        {"field": field},
        [Violation("REQUEST_INVALID", field, description)],
    )


def already_exists(kind: str, name: str) -> AlreadyExists:
    """The error about a name that is taken."""
    return AlreadyExists(
        "RESOURCE_ALREADY_EXISTS",
        f"{name} exists already. Choose another id.",
        {"name": name},
        resource=(f"sitekeep.dev/{kind}", name),
    )


def resource(organization: str, collection: str, identifier: str) -> str:
    """The name of a resource of an organization."""
    return f"organizations/{organization}/{collection}/{identifier}"


def organization_of(name: str) -> str:
    """The id of the organization that a name belongs to.

    Raises:
        InvalidRequest: it belongs to none.
    """
    collection, _, rest = name.partition("/")
    identifier = rest.partition("/")[0]
    if collection != "organizations" or not _ID.match(identifier):
        raise invalid("name", "has to begin with organizations/{organization}.")
    return identifier


def identifier_of(name: str) -> str:
    """The last id of a valid name."""
    return name.split("/")[-1]


def chosen_id(field: str, value: str) -> str:
    """The id that the caller chose, or a new one.

    Raises:
        InvalidRequest: it is not lower-case letters, digits and hyphens, 63 at most.
    """
    if not value:
        return uuid.uuid4().hex
    trouble = id_trouble(value)
    if trouble:
        raise invalid(field, trouble)
    return value


def id_trouble(value: str) -> str:
    """What keeps a text from being an id; empty where nothing does."""
    if _ID.match(value):
        return ""
    return (
        f"is {quoted(value)}; an id is 1 to 63 lower-case letters, digits and hyphens, "
        "with no hyphen at either end."
    )


def entity_id(kind: Kind, key: str) -> str:
    """The id of an entity: its kind and its key, URL-safe."""
    return f"{kind.value}.{base64.urlsafe_b64encode(key.encode()).decode().rstrip('=')}"


def entity_of(name: str) -> tuple[Kind, str]:
    """The kind and the key in the name of an entity.

    Raises:
        InvalidRequest: the name was not made by :func:`entity_id`.
    """
    kind, _, encoded = identifier_of(name).partition(".")
    try:
        padded = encoded + "=" * (-len(encoded) % 4)
        return Kind(kind), base64.urlsafe_b64decode(padded).decode()
    except (ValueError, binascii.Error) as error:
        raise invalid("name", "is not the name of an entity that a list returned.") from error
