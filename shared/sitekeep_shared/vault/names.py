"""The names of a vault's objects. Listings always go by a prefix that ends in a slash."""

from __future__ import annotations

import re

FORMAT = "FORMAT"
KEYS = "keys/"
PACKS = "packs/"
INDEX = "index/"
LEASES = "leases/"
BACKUPS = "backups/"
EXPIRED = "expired/"
CONDEMNED = "gc/"
VERIFICATIONS = "verify/"

CONDEMNED_SUFFIX = ".condemned"

_PACK_ID = re.compile(r"[0-9a-f]{64}")
_UNLOCK = re.compile(r"keys/([0-9a-f]{32})\.([0-9a-f]{16})")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


def check_identifier(value: str) -> str:
    """Returns an id of a site or backup that may be part of an object's name.

    Raises:
        ValueError: it has other characters than letters, digits, ``_`` and ``-``.
    """
    if not _IDENTIFIER.fullmatch(value):
        raise ValueError(f"{value!r} cannot be part of the name of an object")
    return value


def key_name(key_id: str) -> str:
    """``keys/<key_id>``."""
    return f"{KEYS}{key_id}"


def superseded_name(key_id: str) -> str:
    """``keys/<key_id>.superseded``."""
    return f"{KEYS}{key_id}.superseded"


def unlock_name(key_id: str, unlock_id: str) -> str:
    """``keys/<key_id>.<unlock id>``."""
    return f"{KEYS}{key_id}.{unlock_id}"


def split_unlock_name(name: str) -> tuple[str, str] | None:
    """The unlock id and the key id in the name of a wrapped key, None when it is none."""
    found = _UNLOCK.fullmatch(name)
    return (found[2], found[1]) if found else None


def pack_name(pack_id: bytes) -> str:
    """``packs/<first two hex digits>/<pack_id>``."""
    text = pack_id.hex()
    return f"{PACKS}{text[:2]}/{text}"


def pack_id_of(name: str) -> bytes | None:
    """The id of a pack from its name, None when it is not one."""
    text = name.rpartition("/")[2]
    return bytes.fromhex(text) if _PACK_ID.fullmatch(text) else None


def index_name(backup_id: str, number: int) -> str:
    """``index/<backup_id>.<n>``."""
    return f"{INDEX}{backup_id}.{number}"


def lease_name(backup_id: str, sequence: int) -> str:
    """``leases/<backup_id>.<seq>``."""
    return f"{LEASES}{backup_id}.{sequence}"


def backup_name(site: str, backup_id: str) -> str:
    """``backups/<site>/<backup_id>``."""
    return f"{BACKUPS}{site}/{backup_id}"


def split_backup_name(name: str) -> tuple[str, str]:
    """The site and the backup id in the name of a manifest."""
    _, site, backup_id = name.split("/")
    return site, backup_id


def expired_name(backup_id: str) -> str:
    """``expired/<backup_id>``."""
    return f"{EXPIRED}{backup_id}"


def number_of(name: str, prefix: str, backup_id: str) -> int | None:
    """The number at the end of an index's or lease's name, None when it is another backup's."""
    owner, _, number = name.removeprefix(prefix).rpartition(".")
    return int(number) if owner == backup_id and number.isdigit() else None
