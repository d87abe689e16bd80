"""Recipients: X25519 pairs whose owners can make the key file of a vault anew."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

from sitekeep_shared.vault.errors import StoreUnavailable, WrongKey
from sitekeep_shared.vault.key_document import decode_key, encode_bytes
from sitekeep_shared.vault.key_file import write_private_file
from sitekeep_shared.vault.keys import KEY_BYTES, new_private_key, public_key_of
from sitekeep_shared.vault.spelling import spell, unspell

_PREFIX = "recipient-"
_CHECK_BYTES = 4
_FORMAT = 1


def spell_recipient(public_key: bytes) -> str:
    """A public key as one word that is handed on: ``recipient-…``, with a check at its end."""
    return _PREFIX + spell(public_key + _check(public_key)).replace(" ", "-").lower()


def parse_recipient(text: str) -> bytes:
    """The reverse of spell_recipient.

    Raises:
        WrongKey: it is no recipient, or was not copied whole.
    """
    try:
        data = unspell(text.strip().removeprefix(_PREFIX), KEY_BYTES + _CHECK_BYTES)
    except ValueError as error:
        raise WrongKey(_no_recipient(text, str(error))) from error
    public_key, check = data[:KEY_BYTES], data[KEY_BYTES:]
    if check != _check(public_key):
        raise WrongKey(_no_recipient(text, "a letter of it is wrong"))
    return public_key


def make_recipient(path: Path) -> bytes:
    """Makes a pair, writes its private key into a new file, and gives the public key.

    Raises:
        FileExistsError: there is such a file.
        StoreUnavailable: the file cannot be written.
    """
    private_key = new_private_key()
    document = {"sitekeep_recipient_key": _FORMAT, "private_key": encode_bytes(private_key)}
    write_private_file(path, json.dumps(document, indent=2).encode() + b"\n")
    return public_key_of(private_key)


def load_recipient(path: Path) -> bytes:
    """The private key in a recipient's file.

    Raises:
        WrongKey: it is no such file.
        StoreUnavailable: the file cannot be read, or is not there.
    """
    try:
        document = json.loads(path.read_bytes())
        if document["sitekeep_recipient_key"] != _FORMAT:
            raise ValueError("a format that this version does not know")
        return decode_key(document["private_key"])
    except OSError as error:
        raise StoreUnavailable(f"The file {path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise WrongKey(
            f"{path} holds no private key of a recipient: sitekeep key pair makes such files."
        ) from error


def _check(public_key: bytes) -> bytes:
    return zlib.crc32(public_key).to_bytes(_CHECK_BYTES, "little")


def _no_recipient(text: str, problem: str) -> str:
    return (
        f"{text!r} is not the public key of a recipient: {problem}. Copy it whole, as "
        "sitekeep key pair printed it: recipient-…"
    )
