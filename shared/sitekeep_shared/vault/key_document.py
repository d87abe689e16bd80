"""The JSON that holds a vault's key: in the key file, and wrapped in the vault."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec

from sitekeep_shared.vault.keys import KEY_BYTES, VaultKeys, WholeKey

KEY_DOCUMENT_FORMAT = 1

Document = dict[str, Any]


def encode_whole(key: WholeKey) -> Document:
    """The document of everything."""
    newest, *older = key.private_keys
    document: Document = {
        "sitekeep_vault_key": KEY_DOCUMENT_FORMAT,
        "secret": encode_bytes(key.secret),
        "private_key": encode_bytes(newest),
    }
    if older:
        document["older_private_keys"] = [encode_bytes(each) for each in older]
    return document


def encode_writer_part(keys: VaultKeys) -> Document:
    """The document of the part that can back up and cannot read."""
    return {
        "sitekeep_vault_key": KEY_DOCUMENT_FORMAT,
        "blob_id_key": encode_bytes(keys.blob_id_key),
        "metadata_key": encode_bytes(keys.metadata_key),
        "public_key": encode_bytes(keys.public_key),
    }


def to_bytes(document: Document) -> bytes:
    """The document as it is written."""
    return json.dumps(document, indent=2).encode() + b"\n"


def parse(data: bytes) -> Document:
    """A document of a version that is known, its fields not yet looked at.

    Raises:
        ValueError: it is none.
    """
    try:
        document = msgspec.json.decode(data, type=Document)
    except msgspec.MsgspecError as error:
        raise ValueError("no JSON object") from error
    if document.get("sitekeep_vault_key") != KEY_DOCUMENT_FORMAT:
        raise ValueError("no key, or of a format that this version does not know")
    return document


def decode(document: Document) -> WholeKey | VaultKeys:
    """The whole key, or where the document holds no more the writer part.

    Raises:
        ValueError: a field is missing or is not what it has to be.
    """
    try:
        if "secret" in document:
            encoded = [document["private_key"], *document.get("older_private_keys", ())]
            private_keys = tuple(decode_key(each) for each in encoded)
            return WholeKey(decode_key(document["secret"]), private_keys)
        return VaultKeys(
            blob_id_key=decode_key(document["blob_id_key"]),
            metadata_key=decode_key(document["metadata_key"]),
            public_key=decode_key(document["public_key"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no {error}") from error


def encode_bytes(value: bytes) -> str:
    """Base64."""
    return base64.b64encode(value).decode()


def decode_bytes(text: str) -> bytes:
    """The reverse of encode_bytes.

    Raises:
        ValueError: it is not base64.
    """
    return base64.b64decode(text, validate=True)


def decode_key(text: str) -> bytes:
    """A key of 32 bytes.

    Raises:
        ValueError: it is none.
    """
    value = decode_bytes(text)
    if len(value) != KEY_BYTES:
        raise ValueError("a key of the wrong length")
    return value
