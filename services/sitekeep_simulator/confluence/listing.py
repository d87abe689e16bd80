"""Lists as Confluence v2 answers them: limits, statuses, opaque cursors, ``next`` links.

A cursor says after which row to go on and of which list; one of another list is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from sitekeep_simulator.answers import json_answer, query_integer, query_list
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import Row, marks

LARGEST_LIMIT = 250
DEFAULT_LIMIT = 25
_NOT_IN_CURSOR = frozenset({"cursor", "limit", "body-format"})


@dataclass
class Filter:
    """The WHERE of a list: conditions, all of which hold, and their values."""

    conditions: list[str] = field(default_factory=list[str])
    values: list[Any] = field(default_factory=list[Any])

    def add(self, condition: str, *values: Any) -> Filter:
        """Adds a condition."""
        self.conditions.append(condition)
        self.values.extend(values)
        return self

    def among(self, column: str, values: Sequence[Any]) -> Filter:
        """Adds: the column is one of the values."""
        return self.add(f"{column} IN ({marks(len(values))})", *values)


@dataclass(frozen=True)
class Listing:
    """What a list reads: the FROM of its query, and its orders by the name of ``sort``."""

    source: str
    orders: Mapping[str, str]
    columns: str = "*"
    key: str = "id"
    default: str = "id"


def list_answer(
    request: web.Request,
    site: SimulatedSite,
    listing: Listing,
    where: Filter,
    shape: Callable[[Row], dict[str, Any]],
    default_limit: int = DEFAULT_LIMIT,
) -> web.Response:
    """One page of a list, with the link to the next page in the body and in ``Link``."""
    limit = query_limit(request, default_limit)
    rows = _rows(request, site, listing, where, limit)
    links: dict[str, str] = {"base": f"{site.placeholder}/wiki"}
    headers: dict[str, str] = {}
    if len(rows) > limit:
        rows = rows[:limit]
        links["next"] = _next(request, rows[-1])
        headers["Link"] = f'<{links["next"]}>; rel="next"'
    answer = json_answer(site, {"results": [shape(row) for row in rows], "_links": links})
    answer.headers.update(headers)
    return answer


def query_limit(request: web.Request, default: int = DEFAULT_LIMIT) -> int:
    """The ``limit`` of a v2 list. Raises Refused (400) outside 1 to 250."""
    limit = query_integer(request, "limit", default)
    if not 1 <= limit <= LARGEST_LIMIT:
        raise Refused(400, f"The limit must be between 1 and {LARGEST_LIMIT}: {limit}")
    return limit


def query_statuses(
    request: web.Request, allowed: Sequence[str], default: Sequence[str]
) -> Sequence[str]:
    """The ``status`` values of a list. Raises Refused (400) for one that it does not know."""
    wanted = query_list(request, "status") or default
    for status in wanted:
        if status not in allowed:
            raise Refused(400, f"Provided value {{{status}}} for 'status' is not supported.")
    return wanted


def query_ids(request: web.Request, name: str, most: int = LARGEST_LIMIT) -> list[int]:
    """The ids of a query parameter. Raises Refused (400) for too many or for other text."""
    texts = query_list(request, name)
    if len(texts) > most:
        raise Refused(400, f"The query parameter {name} takes at most {most} values.")
    return [content_id(text, name) for text in texts]


def content_id(text: Any, name: str = "id") -> int:
    """The number that an id stands for. Raises Refused (400) when it is none."""
    if not isinstance(text, (str, int)) or not str(text).isdigit() or len(str(text)) > 18:
        raise Refused(400, f"Provided value {{{text}}} for '{name}' is not the correct type.")
    return int(text)


def path_id(request: web.Request, name: str = "id") -> int:
    """The id in the path of a request."""
    return content_id(request.match_info[name], name)


def query_representation(request: web.Request, wanted: bool = False) -> bool:
    """Whether bodies are asked for (in storage format, the only one kept here)."""
    text = request.query.get("body-format", "")
    if text and text != "storage":
        raise Refused(400, f"Provided value {{{text}}} for 'body-format' is not supported.")
    return wanted or bool(text)


def _rows(
    request: web.Request, site: SimulatedSite, listing: Listing, where: Filter, limit: int
) -> list[Row]:
    name = request.query.get("sort", "") or listing.default
    column = listing.orders.get(name.removeprefix("-"))
    if column is None:
        raise Refused(400, f"Provided value {{{name}}} for 'sort' is not supported.")
    order, compare = ("DESC", "<") if name.startswith("-") else ("ASC", ">")
    conditions, values = list(where.conditions), list(where.values)
    if "cursor" in request.query:
        after = _after(request)
        if column == listing.key:
            conditions.append(f"{column} {compare} ?")
            values.append(after[1])
        else:
            conditions.append(f"({column}, {listing.key}) {compare} (?, ?)")
            values += after
    text = f"SELECT {listing.columns}, {column} AS cursor_sort, {listing.key} AS cursor_key"
    text += f" FROM {listing.source} WHERE {' AND '.join(conditions) or '1'}"
    text += f" ORDER BY {column} {order}, {listing.key} {order} LIMIT ?"
    return site.store.rows(text, [*values, limit + 1])


def _next(request: web.Request, last: Row) -> str:
    content = json.dumps([_list_mark(request), last["cursor_sort"], last["cursor_key"]])
    cursor = base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")
    query = [(name, text) for name, text in request.query.items() if name != "cursor"]
    return f"{request.path}?{urlencode([*query, ('cursor', cursor)])}"


def _after(request: web.Request) -> list[Any]:
    text = request.query["cursor"]
    after: list[Any]
    try:
        mark, *after = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError, binascii.Error) as error:
        raise Refused(400, "The cursor is invalid.") from error
    if mark != _list_mark(request) or len(after) != 2:
        raise Refused(400, "The cursor is invalid.")
    return after


def _list_mark(request: web.Request) -> str:
    query = sorted(item for item in request.query.items() if item[0] not in _NOT_IN_CURSOR)
    return hashlib.sha256(f"{request.path}?{urlencode(query)}".encode()).hexdigest()[:16]
