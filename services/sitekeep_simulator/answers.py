"""Reading requests and writing answers, the same for both halves of a site."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import msgspec
from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite

CALLER = web.RequestKey("caller", Account)
_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")

PROPERTY_KEY = "{propertyKey:[^/]+}"
"""The segment of a route that is the key of a property: a plain name would take no braces."""


def json_answer(site: SimulatedSite, body: Any, status: int = 200) -> web.Response:
    """A JSON answer; ``msgspec.Raw`` parts are spliced in as they are."""
    text = msgspec.json.encode(body)
    text = text.replace(site.placeholder.encode(), site.base_url.encode())
    return web.Response(body=text, status=status, content_type="application/json", charset="utf-8")


def no_content(status: int = 204) -> web.Response:
    """An answer without a body."""
    return web.Response(status=status)


def caller(request: web.Request) -> Account:
    """The account that signed the request."""
    return request[CALLER]


async def read_json(request: web.Request) -> Any:
    """The JSON body of a request. Raises Refused (400) when it is none."""
    try:
        return msgspec.json.decode(await request.read())
    except msgspec.DecodeError as error:
        raise Refused(400, "There was an error parsing JSON. Check that it is valid.") from error


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object in the body of a request. Raises Refused (400) when it is none."""
    body = await read_json(request)
    if not isinstance(body, dict):
        raise Refused(400, "Invalid request payload. Refer to the REST API documentation.")
    return body  # pyright: ignore[reportUnknownVariableType] - keys of JSON objects are strings


def query_integer(request: web.Request, name: str, default: int) -> int:
    """An integer of the query. Raises Refused (400) when it is none."""
    text = request.query.get(name, "")
    if not text:
        return default
    if not text.lstrip("-").isdigit():
        raise Refused(400, f"The value of the query parameter {name} is not a number: {text}")
    return int(text)


def query_flag(request: web.Request, name: str, default: bool = False) -> bool:
    """A boolean of the query."""
    text = request.query.get(name, "")
    return default if not text else text.lower() == "true"


def query_list(request: web.Request, name: str) -> list[str]:
    """The values of a query parameter, repeated or separated by commas."""
    found = request.query.getall(name, [])
    return [part.strip() for text in found for part in text.split(",") if part.strip()]


def bytes_answer(
    request: web.Request, content: bytes, filename: str, media_type: str
) -> web.Response:
    """The bytes of a file, or the range of them that the request names (206, 416)."""
    headers = {
        "Content-Type": media_type,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}",
        "Accept-Ranges": "bytes",
    }
    wanted = _RANGE.match(request.headers.get("Range", ""))
    if wanted is None or wanted.group(0) == "bytes=-":
        return web.Response(body=content, headers=headers)
    first, last = _bounds(wanted.group(1), wanted.group(2), len(content))
    if first >= len(content) or last < first:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return web.Response(status=206, body=content[first : last + 1], headers=headers)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(size - int(last), 0), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


def object_in(body: dict[str, Any], name: str) -> dict[str, Any]:
    """The object that a body has under a name, or an empty one. Raises Refused (400)."""
    value: Any = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(400, fields={name: "expected Object"})
    return value  # pyright: ignore[reportUnknownVariableType] - keys of JSON objects are strings


def list_in(body: dict[str, Any], name: str) -> list[Any]:
    """The list that a body has under a name, or an empty one. Raises Refused (400)."""
    value: Any = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refused(400, fields={name: "expected Array"})
    return value  # pyright: ignore[reportUnknownVariableType] - of whatever JSON has
