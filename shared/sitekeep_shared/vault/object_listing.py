"""A listing of a bucket that goes on where it was when a page could not be had."""

from __future__ import annotations

from collections.abc import Sequence

import obstore
from obstore.exceptions import NotSupportedError
from obstore.store import ObjectStore as Client

from sitekeep_shared.vault import names
from sitekeep_shared.vault.store import ObjectInfo

PAGE_OBJECTS = 1000


class ObjectListing:
    """All objects below a prefix, a page at a time."""

    def __init__(self, client: Client, prefix: str) -> None:
        self._client = client
        self._prefix = names.check_prefix(prefix)
        self._stream: obstore.ListStream[Sequence[obstore.ObjectMeta]] | None = None
        self._last = ""
        self._resumed_after = ""

    async def next_page(self) -> list[ObjectInfo] | None:
        """The next objects, None at the end. After an error, asking again goes on.

        Raises:
            NotSupportedError: the server does not list in the order of the keys.
        """
        stream, self._stream = self._stream or self._opened(), None
        try:
            page = await anext(stream)
        except StopAsyncIteration:
            return None
        self._stream = stream
        return self._checked([object_info(meta) for meta in page])

    def _opened(self) -> obstore.ListStream[Sequence[obstore.ObjectMeta]]:
        self._resumed_after = self._last
        # Its other form gives tables of Arrow, whose types are not installed.
        return obstore.list(  # pyright: ignore[reportUnknownMemberType]
            self._client, self._prefix, offset=self._last or None, chunk_size=PAGE_OBJECTS
        )

    def _checked(self, page: Sequence[ObjectInfo]) -> list[ObjectInfo]:
        # Not every server heeds where to begin.
        checked = [
            item
            for item in page
            if item.key.startswith(self._prefix)
            and not (self._resumed_after and item.key <= self._resumed_after)
        ]
        for item in checked:
            if item.key <= self._last:
                raise NotSupportedError(f"{item.key} is listed after {self._last}")
            self._last = item.key
        return checked


def object_info(meta: obstore.ObjectMeta) -> ObjectInfo:
    """What a store knows of an object, from what obstore says."""
    return ObjectInfo(meta["path"], meta["size"], meta["last_modified"])
