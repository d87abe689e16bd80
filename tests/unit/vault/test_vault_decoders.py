"""What is sealed and does not read as what it should be is damage that is named, not a crash."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitekeep_shared.vault import condemned, index_object, known_files_object, manifest, pack
from sitekeep_shared.vault.errors import DamagedObject
from sitekeep_shared.vault.sealing import Sealer
from unit.vault.vault_helpers import KEYS, MemoryStore, issues, make_backup, open_vault

Decode = Callable[[bytes], Any]

SEALER = Sealer(KEYS, bytes(16))
NAME = "an/object"
PACK_HEADER = pack.PackHeader(bytes(16), pack.PackKind.FILES, bytes(80))


def _footer(plain: bytes) -> Any:
    binding = pack.key_binding(PACK_HEADER.nonce, PACK_HEADER.kind)
    sealed = SEALER.seal(pack.FOOTER_SECTION, binding, plain)
    return pack.decode_footer(SEALER, PACK_HEADER, NAME, sealed)


def _object(magic: bytes, section: str, decode: Callable[[Sealer, str, bytes], Any]) -> Decode:
    return lambda plain: decode(SEALER, NAME, magic + SEALER.seal(section, NAME.encode(), plain))


DECODERS: Mapping[str, Decode] = {
    "footer": _footer,
    "index": _object(index_object.MAGIC, index_object.SECTION, index_object.decode_index),
    "known files": _object(
        known_files_object.MAGIC,
        known_files_object.SECTION,
        known_files_object.decode_known_files,
    ),
    "condemned": _object(condemned.MAGIC, condemned.SECTION, condemned.decode_condemned),
}
"""Each is given the plaintext of a good seal."""

COUNTS = st.integers(0, 3) | st.integers(0, 2**32 - 1)
PLAIN = st.builds(
    lambda counts, rest: numpy.array(counts, "<u4").tobytes() + rest,
    st.lists(COUNTS, max_size=4),
    st.binary(max_size=400),
)
"""Numbers of rows, some of which fit what follows."""


@pytest.mark.parametrize("kind", DECODERS)
@given(PLAIN)
def test_whatever_was_sealed_reads_or_is_damaged(kind: str, plain: bytes) -> None:
    with contextlib.suppress(DamagedObject):
        DECODERS[kind](plain)


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("length", [0, 1, 7, 9, 25])
def test_what_is_too_short_is_damaged(kind: str, length: int) -> None:
    with pytest.raises(DamagedObject, match=NAME):
        DECODERS[kind](b"\x01" * length)


def test_a_row_that_counts_beyond_its_table_is_damage() -> None:
    blob = numpy.zeros(1, pack.BLOB_ROW)
    assert _footer(pack.FOOTER_COUNTS.pack(0, 0))[0] == []
    with pytest.raises(DamagedObject, match="footer"):
        _footer(pack.FOOTER_COUNTS.pack(0, 1) + blob.tobytes())
    row = numpy.zeros(1, index_object.INDEX_ROW)
    counts = index_object.COUNTS.pack(1, 0, 0, bytes(16))
    with pytest.raises(DamagedObject, match="index"):
        DECODERS["index"](counts + row.tobytes() + b"{}")


def test_a_known_file_with_more_blobs_than_there_are_is_damage() -> None:
    file = numpy.zeros(1, known_files_object.FILE_ROW)
    file["blobs"] = 1
    with pytest.raises(DamagedObject, match="known files"):
        DECODERS["known files"](known_files_object.COUNTS.pack(1, 0) + file.tobytes())


async def test_a_list_of_packs_that_is_cut_is_damage() -> None:
    vault = await open_vault(MemoryStore())
    await make_backup(vault, "b1", {"u": issues(1, 1)})
    [header] = [each async for each in vault.backups()]
    sealed = SEALER.seal(manifest.PACKS_SECTION, NAME.encode(), bytes(39))
    named = replace(header, packs_hash=manifest.section_hash(sealed))
    with pytest.raises(DamagedObject, match="packs"):
        manifest.decode_pack_uses(SEALER, NAME, named, sealed)
