"""What the handlers of v2 read from requests."""

from __future__ import annotations

from typing import Any, cast

from aiohttp import web

from sitekeep_simulator.answers import caller
from sitekeep_simulator.confluence.listing import Filter
from sitekeep_simulator.refusals import Refused

V2 = "/wiki/api/v2"
V1 = "/wiki/rest/api"


def account_id(request: web.Request) -> str:
    """The account id of the caller."""
    return caller(request).account_id


def visible(request: web.Request) -> Filter:
    """What the caller may see of a list of contents, comments or attachments."""
    own = account_id(request)
    return Filter().add("private_to IN ('', ?) AND space_private_to IN ('', ?)", own, own)


def as_object(value: Any, what: str) -> dict[str, Any]:
    """A JSON object. Raises Refused (400) when the value is something else."""
    if not isinstance(value, dict):
        raise Refused(400, f"{what} is not an object.")
    return cast("dict[str, Any]", value)


def as_list(value: Any, what: str, most: int) -> list[Any]:
    """A JSON array of at most ``most`` items. Raises Refused (400) for anything else."""
    if not isinstance(value, list):
        raise Refused(400, f"{what} is not an array.")
    found: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
    if not 0 < len(found) <= most:
        raise Refused(400, f"{what} holds from 1 to {most} items.")
    return found


def storage_body(body: Any) -> str:
    """The storage format in a ``body``, plain or nested. Raises Refused (400)."""
    if body is None:
        return ""
    given = as_object(body, "The body")
    if "storage" in given:
        given = as_object(given["storage"], "The body")
    representation = given.get("representation", "storage")
    if representation != "storage":
        raise Refused(400, f"The representation is not supported: {representation}")
    text = given.get("value")
    if not isinstance(text, str):
        raise Refused(400, "A body has a representation and a value.")
    return text


def text_of(body: dict[str, Any], name: str, default: str = "") -> str:
    """A string of a body. Raises Refused (400) when it is something else."""
    found = body.get(name)
    if found is None:
        return default
    if not isinstance(found, str):
        raise Refused(400, f"The field {name} is not a string.")
    return found


def object_of(body: dict[str, Any], name: str) -> dict[str, Any]:
    """An object of a body, empty when it is not there. Raises Refused (400)."""
    found = body.get(name)
    return {} if found is None else as_object(found, f"The field {name}")


def optional_list(results: list[dict[str, Any]], path: str, most: int = 50) -> dict[str, Any]:
    """A list inside of a single content, as ``include-labels`` and its kin ask for."""
    return {
        "results": results[:most],
        "meta": {"hasMore": len(results) > most},
        "_links": {"self": path},
    }
