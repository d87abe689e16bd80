"""Files that a site has begun to send."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator


@contextlib.asynccontextmanager
async def opened(source: AsyncIterator[bytes]) -> AsyncGenerator[AsyncIterator[bytes]]:
    """The bytes of a file. What the site refuses raises here, before anything is stored."""
    try:
        first = await anext(source, b"")
        yield _with_first(first, source)
    finally:
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()


async def _with_first(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for chunk in rest:
        yield chunk
