"""Every decoder of the vault, as a function of bytes: for those who throw anything at them.

Most of what is decoded was sealed, so that random bytes never get far. Each such decoder stands
here twice: given the bytes as the object, and given them as the plaintext of a good seal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault import manifest, pack
from sitekeep_shared.vault.condemned import MAGIC as CONDEMNED_MAGIC
from sitekeep_shared.vault.condemned import SECTION as CONDEMNED_SECTION
from sitekeep_shared.vault.condemned import decode_condemned
from sitekeep_shared.vault.entry import decode_entry
from sitekeep_shared.vault.index_object import MAGIC as INDEX_MAGIC
from sitekeep_shared.vault.index_object import SECTION as INDEX_SECTION
from sitekeep_shared.vault.index_object import decode_index
from sitekeep_shared.vault.lease import MAGIC as LEASE_MAGIC
from sitekeep_shared.vault.lease import SECTION as LEASE_SECTION
from sitekeep_shared.vault.lease import decode_lease
from sitekeep_shared.vault.page import PageReference, decode_page
from sitekeep_shared.vault.sealing import Sealer
from unit.vault.vault_helpers import KEYS

Decoder = Callable[[bytes], Any]

SEALER = Sealer(KEYS, bytes(16))
NAME = "an/object"
_BOUND = NAME.encode()


def _sealed(section: str, plain: bytes, name: bytes = _BOUND) -> bytes:
    return SEALER.seal(section, name, plain)


def _footer(data: bytes) -> Any:
    header = pack.PackHeader(bytes(16), pack.PackKind.FILES, bytes(80))
    binding = pack.key_binding(header.nonce, header.kind)
    sealed = _sealed(pack.FOOTER_SECTION, data, binding)
    return pack.decode_footer(SEALER, header, NAME, sealed)


def _frame(data: bytes) -> Any:
    cipher = pack.FrameCipher(bytes(16), bytes(16), pack.PackKind.FILES, bytes(32))
    stored = cipher.encrypt(0, data)
    place = pack.FramePlace(0, len(stored), 3 * len(data), pack.Encoding.ZSTD)
    return pack.open_frame(cipher, 0, place, stored, NAME)


def _page(data: bytes) -> Any:
    reference = PageReference(Kind.ISSUE, "u", "a", "b", 1, 1, bytes(32), bytes(32), "")
    return decode_page(reference, data)


def _manifest(data: bytes) -> Any:
    sections = manifest.split_manifest(NAME, data)
    return manifest.decode_header(SEALER, NAME, sections.header)


DECODERS: Mapping[str, Decoder] = {
    "pack header": lambda data: pack.decode_header(SEALER, NAME, data),
    "pack tail": lambda data: pack.footer_start(NAME, len(data), data),
    "pack footer": _footer,
    "frame": _frame,
    "index": lambda data: decode_index(SEALER, NAME, data),
    "sealed index": lambda data: decode_index(
        SEALER, NAME, INDEX_MAGIC + _sealed(INDEX_SECTION, data)
    ),
    "lease": lambda data: decode_lease(SEALER, NAME, data),
    "sealed lease": lambda data: decode_lease(
        SEALER, NAME, LEASE_MAGIC + _sealed(LEASE_SECTION, data)
    ),
    "condemned": lambda data: decode_condemned(SEALER, NAME, data),
    "sealed condemned": lambda data: decode_condemned(
        SEALER, NAME, CONDEMNED_MAGIC + _sealed(CONDEMNED_SECTION, data)
    ),
    "manifest": _manifest,
    "manifest header": lambda data: manifest.decode_header(
        SEALER, NAME, _sealed(manifest.HEADER_SECTION, data)
    ),
    "page": _page,
    "entry": lambda data: decode_entry(Kind.ISSUE, data),
}
