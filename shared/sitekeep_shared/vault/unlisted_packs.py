"""Packs that no index lists, because an index was lost: their own footers say what they hold."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

import numpy

from sitekeep_shared.vault import names
from sitekeep_shared.vault.blob_index import BlobIndex
from sitekeep_shared.vault.errors import DamagedObject
from sitekeep_shared.vault.index_object import INDEX_ROW, IndexObject, PackReference, sort_rows
from sitekeep_shared.vault.pack import Rows
from sitekeep_shared.vault.pack_reader import PackReader

_logger = logging.getLogger(__name__)


async def add_unlisted(
    pack_reader: PackReader, needed: Iterable[PackReference], blobs: BlobIndex
) -> None:
    """Adds what the needed packs hold that no index lists.

    A pack whose footer cannot be read is passed over: whoever needs it finds out.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    for pack in needed:
        if blobs.knows_pack(pack):
            continue
        name = names.pack_name(pack.pack_id)
        try:
            table = await pack_reader.table(pack)
        except DamagedObject as error:
            _logger.warning("No index lists %s. %s", name, error)
            continue
        _logger.warning("No index lists %s; its own table is used.", name)
        index = IndexObject(b"", [pack], [], _index_rows(table))
        await asyncio.to_thread(blobs.add, index, lambda _: True)


def _index_rows(table: Rows) -> Rows:
    rows = numpy.zeros(len(table), INDEX_ROW)
    for field in ("id", "frame", "offset", "length"):
        rows[field] = table[field]
    return sort_rows(rows)
