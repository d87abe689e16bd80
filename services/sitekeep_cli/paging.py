"""Reads lists to their end, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

PAGE_SIZE = 500


class _Page(Protocol):
    next_page_token: str


PageT = TypeVar("PageT", bound=_Page)


def pages(method: Callable[[Any], PageT], request: Any) -> Iterator[PageT]:
    """Calls a list method until there is no further page."""
    request.page_size = PAGE_SIZE
    while True:
        page = method(request)
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def whole(method: Callable[[Any], PageT], request: Any) -> PageT:
    """All pages of a list as one response."""
    responses = pages(method, request)
    first = next(responses)
    for page in responses:
        # Merging appends repeated fields.
        first.MergeFrom(page)  # type: ignore[attr-defined]
    first.next_page_token = ""
    return first
