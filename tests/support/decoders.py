"""Every decoder of the vault, as a function of bytes: for those who throw anything at them.

Most of what is decoded was sealed, so that random bytes never get far. Each such decoder stands
here twice: given the bytes as the object, and given them as the plaintext of a good seal.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault import (
    condemned,
    index_object,
    key_document,
    known_files_object,
    lease,
    manifest,
    markers,
    pack,
    verification_record,
)
from sitekeep_shared.vault.entry import decode_entry
from sitekeep_shared.vault.errors import VaultError
from sitekeep_shared.vault.manifest_types import COMPLETE, ManifestHeader
from sitekeep_shared.vault.page import PageReference, decode_page
from sitekeep_shared.vault.sealed_json import SealedJson
from sitekeep_shared.vault.sealing import Sealer
from unit.vault.vault_helpers import KEYS, SITE, START

Decoder = Callable[[bytes], Any]
_DecodesObject = Callable[[Sealer, str, bytes], Any]

SEALER = Sealer(KEYS, bytes(16))
NAME = "an/object/of"
HEADER = ManifestHeader(
    SITE, "b1", 1, START, START, START, COMPLETE, {}, {}, "1", "", "", "", 0, 0, 0, 0, 0, "", "", ""
)
"""Of a manifest whose sections are decoded."""


def _sealed_json(form: SealedJson[Any]) -> tuple[_DecodesObject, bytes, str]:
    return form.decode, form.magic, form.section


_SEALED_OBJECTS: Mapping[str, tuple[_DecodesObject, bytes, str]] = {
    "index": (index_object.decode_index, index_object.MAGIC, index_object.SECTION),
    "known files": (
        known_files_object.decode_known_files,
        known_files_object.MAGIC,
        known_files_object.SECTION,
    ),
    "lease": _sealed_json(lease.LEASE),
    "condemned": (condemned.decode_condemned, condemned.MAGIC, condemned.SECTION),
    "expiry": _sealed_json(markers.EXPIRY),
    "abandoned": _sealed_json(markers.ABANDONED),
    "verification": (
        verification_record.decode_record,
        verification_record.RECORD.magic,
        verification_record.RECORD.section,
    ),
}
"""How an object is decoded, what it starts with, and its section."""


def _whole(decode: _DecodesObject) -> Decoder:
    return lambda data: decode(SEALER, NAME, data)


def _inside(decode: _DecodesObject, magic: bytes, section: str) -> Decoder:
    return lambda data: decode(SEALER, NAME, magic + SEALER.seal(section, NAME.encode(), data))


def _footer(data: bytes) -> Any:
    header = pack.PackHeader(bytes(16), pack.PackKind.FILES, bytes(80))
    binding = pack.key_binding(header.nonce, header.kind)
    sealed = SEALER.seal(pack.FOOTER_SECTION, binding, data)
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


def _header(data: bytes) -> Any:
    sealed = SEALER.seal(manifest.HEADER_SECTION, NAME.encode(), data)
    return manifest.decode_header(SEALER, NAME, sealed)


def _packs(data: bytes) -> Any:
    sealed = SEALER.seal(manifest.PACKS_SECTION, NAME.encode(), data)
    header = dataclasses.replace(HEADER, packs_hash=manifest.section_hash(sealed))
    return manifest.decode_pack_uses(SEALER, NAME, header, sealed)


def _body(data: bytes) -> Any:
    sealed = SEALER.seal_content(manifest.BODY_SECTION, NAME.encode(), data)
    header = dataclasses.replace(HEADER, body_hash=manifest.section_hash(sealed))
    return manifest.decode_body(SEALER, NAME, header, sealed)


DECODERS: Mapping[str, Decoder] = {
    **{name: _whole(decode) for name, (decode, _, _) in _SEALED_OBJECTS.items()},
    **{f"sealed {name}": _inside(*each) for name, each in _SEALED_OBJECTS.items()},
    "pack header": lambda data: pack.decode_header(SEALER, NAME, data),
    "pack tail": lambda data: pack.footer_start(NAME, len(data), data),
    "pack footer": _footer,
    "frame": _frame,
    "manifest": _manifest,
    "manifest header": _header,
    "manifest packs": _packs,
    "manifest body": _body,
    "page": _page,
    "entry": lambda data: decode_entry(Kind.ISSUE, data),
    "key document": lambda data: key_document.decode(key_document.parse(data)),
}

VALUE_ERRORS = frozenset({"page", "entry", "key document"})
"""Those that raise ValueError: whoever calls them knows the object or the file, and names it."""


def read_or_refuse(name: str, data: bytes) -> None:
    """Decodes; a refusal that the decoder may raise is as good as an answer."""
    try:
        DECODERS[name](data)
    except VaultError:
        return
    except ValueError:
        if name not in VALUE_ERRORS:
            raise
