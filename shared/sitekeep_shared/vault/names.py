"""The names of a vault's objects. Listings always go by a prefix that ends in a slash."""

from __future__ import annotations

import datetime
import re
import secrets

FORMAT = "FORMAT"
KEYS = "keys/"
PACKS = "packs/"
INDEX = "index/"
FILES = "files/"
LEASES = "leases/"
BACKUPS = "backups/"
EXPIRED = "expired/"
CONDEMNED = "gc/"
VERIFICATIONS = "verify/"
KNOWN_FILES = "files/"
PROBES = "probe/"

CONDEMNED_SUFFIX = ".condemned"
WAITING_SUFFIX = ".waiting"
VERDICT_SUFFIX = ".verdict"
SUPERSEDED_SUFFIX = ".superseded"
MERGED = "merged"
"""Stands where an index object has the id of its backup."""

_PACK_ID = re.compile(r"[0-9a-f]{64}")
_UNLOCK = re.compile(r"keys/([0-9a-f]{32})\.([0-9a-f]{16})")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_NO_BACKUP = re.compile(r"merged|(reader|collector)-[0-9a-f]{16}")
_MILLISECOND_DIGITS = 12
_RANDOM_BYTES = 10


def check_identifier(value: str) -> str:
    """Returns an id of a site or backup that may be part of an object's name.

    Raises:
        ValueError: it has other characters than letters, digits, ``_`` and ``-``.
    """
    if not _IDENTIFIER.fullmatch(value):
        raise ValueError(f"{value!r} cannot be part of the name of an object")
    return value


def check_backup_identifier(value: str) -> str:
    """Returns an id that a backup may have: one that no other owner of objects has.

    Raises:
        ValueError: it cannot be part of an object's name, or would be taken for another owner.
    """
    if _NO_BACKUP.fullmatch(value):
        raise ValueError(f"{value!r} cannot be the id of a backup; the vault itself uses it")
    return check_identifier(value)


def new_time_id(now: datetime.datetime, after: str = "") -> str:
    """32 hex digits that sort by time: 48 bits of milliseconds, the rest random.

    It sorts behind ``after``, an earlier one, whatever the clock says.
    """
    milliseconds = int(now.timestamp() * 1000)
    if after:
        milliseconds = max(milliseconds, int(after[:_MILLISECOND_DIGITS], 16) + 1)
    return f"{milliseconds:0{_MILLISECOND_DIGITS}x}{secrets.token_hex(_RANDOM_BYTES)}"


def check_key(key: str) -> str:
    """Returns what may be the name of an object in a store.

    Raises:
        ValueError: a part of it is empty or begins with a dot.
    """
    if any(not part or part.startswith(".") for part in key.split("/")):
        raise ValueError(f"{key!r} is not the key of an object")
    return key


def check_prefix(prefix: str) -> str:
    """Returns what may be the prefix of a listing.

    Raises:
        ValueError: it does not end in a slash.
    """
    if not prefix.endswith("/"):
        raise ValueError(f"a prefix ends in a slash, {prefix!r} does not")
    return prefix


def key_name(key_id: str) -> str:
    """``keys/<key_id>``."""
    return f"{KEYS}{key_id}"


def superseded_name(key_id: str) -> str:
    """``keys/<key_id>.superseded``."""
    return f"{KEYS}{key_id}{SUPERSEDED_SUFFIX}"


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


def known_files_name(backup_id: str, number: int) -> str:
    """``files/<backup_id>.<n>``."""
    return f"{KNOWN_FILES}{backup_id}.{number}"


def merged_name(time_id: str) -> str:
    """``index/merged.<time id>``."""
    return f"{INDEX}{MERGED}.{time_id}"


def lease_name(owner: str, sequence: int) -> str:
    """``leases/<owner>.<seq>``; names of later leases of an owner sort behind earlier ones."""
    return f"{LEASES}{owner}.{sequence:08d}"


def condemned_name(generation: str) -> str:
    """``gc/<generation>.condemned``."""
    return f"{CONDEMNED}{generation}{CONDEMNED_SUFFIX}"


def waiting_name(generation: str) -> str:
    """``gc/<generation>.waiting``."""
    return f"{CONDEMNED}{generation}{WAITING_SUFFIX}"


def verdict_name(generation: str) -> str:
    """``gc/<generation>.verdict``."""
    return f"{CONDEMNED}{generation}{VERDICT_SUFFIX}"


def backup_name(site: str, backup_id: str) -> str:
    """``backups/<site>/<backup_id>``."""
    return f"{BACKUPS}{site}/{backup_id}"


def split_backup_name(name: str) -> tuple[str, str]:
    """The site and the backup id in the name of a manifest."""
    _, site, backup_id = name.split("/")
    return site, backup_id


def verification_name(backup_id: str, identifier: str) -> str:
    """``verify/<backup_id>/<id>``."""
    return f"{VERIFICATIONS}{backup_id}/{identifier}"


def expired_name(backup_id: str) -> str:
    """``expired/<backup_id>``."""
    return f"{EXPIRED}{backup_id}"


def owner_of(name: str) -> str:
    """Whose an index object, a lease, a list of files or of condemned packs is."""
    return name.partition("/")[2].rpartition(".")[0]


def time_id_of(name: str) -> str:
    """The time id at the end of a merged index's name."""
    return name.rpartition(".")[2]


def number_of(name: str, prefix: str, backup_id: str) -> int | None:
    """The number at the end of a name such as an index's, None when it is another backup's."""
    owner, _, number = name.removeprefix(prefix).rpartition(".")
    return int(number) if owner == backup_id and number.isdigit() else None
