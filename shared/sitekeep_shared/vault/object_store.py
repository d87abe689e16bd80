"""A store in a bucket: Amazon S3 and what speaks its protocol, Google Cloud Storage, Azure.

The requests are obstore's; how often, how long and what of an answer is believed is
decided here. A create that is tried again may find what the first attempt made, so
"it exists" is read back and compared before it is taken for another's.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, GenericError

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import DeleteRefused, ObjectMissing, StoreUnavailable
from sitekeep_shared.vault.limits import MIB, Limits
from sitekeep_shared.vault.location import BucketLocation, Cloud
from sitekeep_shared.vault.object_client import clients
from sitekeep_shared.vault.object_listing import ObjectListing, object_info
from sitekeep_shared.vault.object_trouble import judge, names_no_bucket, status_of
from sitekeep_shared.vault.store import ObjectInfo

_IN_THREAD_BYTES = 1 * MIB
_PAST_THE_END = 416
# No lease has to be valid still when these arrive.
_UNHURRIED = (names.PACKS, names.PROBES)

T = TypeVar("T")


class CutShort(BaseError):
    """An answer ended before all of the object had come."""


class ObjectStore:
    """Objects in a bucket. See Store for what it guarantees."""

    def __init__(self, location: BucketLocation, limits: Limits | None = None) -> None:
        """Takes the credentials from the environment; connects with the first request.

        Raises:
            StoreUnavailable: the environment holds what cannot be used.
        """
        self._location = location
        self._limits = limits or Limits()
        self._reading, self._writing = clients(location, self._limits)

    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        """Creates an object; returns False when the key exists."""
        names.check_key(key)
        data = await _joined(parts)
        limits = self._limits
        slowest = limits.idle_seconds + len(data) / limits.slowest_bytes_per_second
        uncertain = False

        async def once() -> bool:
            nonlocal uncertain
            tried_before, uncertain = uncertain, True
            try:
                async with asyncio.timeout(slowest):
                    await obstore.put_async(
                        self._writing, key, data, mode="create", use_multipart=False
                    )
            except AlreadyExistsError as error:
                if self._is_busy(error):
                    raise
                return tried_before and await self._holds(key, data)
            return True

        seconds = limits.transfer_seconds if key.startswith(_UNHURRIED) else limits.put_seconds
        return await self._insist(f"{key} cannot be written", seconds, once)

    async def get(self, key: str) -> bytes:
        """The whole object."""

        async def once() -> bytes:
            result = await obstore.get_async(self._reading, key)
            return await _whole(result, result.meta["size"])

        return await self._read(key, once)

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        """A part of an object."""

        async def once() -> bytes:
            if length == 0:
                await obstore.head_async(self._reading, key)
                return b""
            try:
                result = await obstore.get_async(
                    self._reading, key, options={"range": (start, start + length)}
                )
            except GenericError as error:
                if _is_past_the_end(error):
                    return b""
                raise
            return await _whole(result, result.range[1] - result.range[0])

        return await self._read(key, once)

    async def head(self, key: str) -> ObjectInfo | None:
        """What is known of the object."""

        async def once() -> ObjectInfo | None:
            try:
                return object_info(await obstore.head_async(self._reading, key))
            except FileNotFoundError:
                return None

        names.check_key(key)
        action = f"{key} cannot be looked up"
        return await self._insist(action, self._limits.request_seconds, once)

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """All objects below a prefix, page by page."""
        listing = ObjectListing(self._reading, prefix)
        action, seconds = f"{prefix} cannot be listed", self._limits.request_seconds
        while (page := await self._insist(action, seconds, listing.next_page)) is not None:
            for item in page:
                yield item

    async def delete(self, key: str) -> None:
        """Removes an object."""

        async def once() -> None:
            try:
                await obstore.delete_async(self._reading, key)
            except FileNotFoundError as error:
                if names_no_bucket(error):
                    raise
            except BaseError as error:
                trouble = judge(error, self._location)
                if trouble.is_refusal:
                    said = f"The vault's object {key} cannot be removed from {self._location}"
                    raise DeleteRefused(f"{said}: {trouble.reason}.") from None
                raise

        names.check_key(key)
        await self._insist(f"{key} cannot be removed", self._limits.request_seconds, once)

    async def _read(self, key: str, once: Callable[[], Awaitable[bytes]]) -> bytes:
        async def found() -> bytes:
            try:
                return await once()
            except FileNotFoundError as error:
                if names_no_bucket(error):
                    raise
                raise ObjectMissing(key) from None

        names.check_key(key)
        return await self._insist(f"{key} cannot be read", self._limits.transfer_seconds, found)

    async def _holds(self, key: str, data: bytes) -> bool:
        """Whether a key that exists holds what an earlier attempt sent."""
        try:
            if _proves_itself(key):
                info = await self.head(key)
                return info is not None and info.size_bytes == len(data)
            return await self.get(key) == data
        except ObjectMissing:
            return False

    def _is_busy(self, error: AlreadyExistsError) -> bool:
        """Whether a conflict is that of two requests at once: nothing need exist then.

        S3 answers 409 for it and 412 where the key exists; Azure 409 where it exists.
        """
        return self._location.cloud is not Cloud.AZURE and status_of(error) == 409

    async def _insist(self, action: str, seconds: float, once: Callable[[], Awaitable[T]]) -> T:
        """Does something until it is done, is refused for good, or the time is up."""
        ends = time.monotonic() + seconds
        trouble = judge(TimeoutError(), self._location)
        attempt = 0
        while True:
            attempt += 1
            try:
                async with asyncio.timeout(_left(ends)):
                    return await once()
            except TimeoutError:
                pass  # What the attempts before it met says more.
            except (BaseError, FileNotFoundError) as error:
                trouble = judge(error, self._location)
            pause = self._pause(attempt)
            if attempt >= trouble.attempts or pause >= _left(ends):
                # The original may name the address of a request, which may hold a signature.
                raise StoreUnavailable(
                    f"The vault's object {action} in {self._location}: {trouble.reason}."
                ) from None
            await asyncio.sleep(pause)

    def _pause(self, attempt: int) -> float:
        longest = self._limits.retry_first_seconds * 2.0 ** min(attempt - 1, 30)
        return min(longest, self._limits.retry_most_seconds) * random.uniform(0.5, 1)


def _left(ends: float) -> float:
    return max(0.0, ends - time.monotonic())


def _proves_itself(key: str) -> bool:
    """Whether the name of an object is the hash of its content."""
    return key.startswith(names.PACKS)


async def _joined(parts: Sequence[bytes]) -> bytes:
    if sum(map(len, parts)) < _IN_THREAD_BYTES:
        return b"".join(parts)
    return await asyncio.to_thread(b"".join, parts)


async def _whole(result: obstore.GetResult, size_bytes: int) -> bytes:
    data = await result.bytes_async()
    if len(data) != size_bytes:
        raise CutShort(f"the answer ends after {len(data)} of {size_bytes} bytes")
    if size_bytes < _IN_THREAD_BYTES:
        return data.to_bytes()
    return await asyncio.to_thread(data.to_bytes)


def _is_past_the_end(error: GenericError) -> bool:
    return status_of(error) == _PAST_THE_END or "Wanted range starting at" in str(error)
