"""The file that holds a vault's key: made once, read by its owner alone, never overwritten."""

from __future__ import annotations

import logging
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sitekeep_shared.vault import key_document
from sitekeep_shared.vault.errors import StoreUnavailable, WrongKey
from sitekeep_shared.vault.key_document import Document
from sitekeep_shared.vault.keys import VaultKeys, WholeKey
from sitekeep_shared.vault.passphrase import Passphrase, PassphraseSealed

_CONTEXT = b"sitekeep/1/key-file"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeyFile:
    """What a key file holds."""

    path: Path
    content: WholeKey | VaultKeys
    passphrase: Passphrase | None
    """What it takes to open it; None: nothing."""

    @property
    def keys(self) -> VaultKeys:
        """What a process holds of it."""
        return self.content.keys if isinstance(self.content, WholeKey) else self.content

    @property
    def whole(self) -> WholeKey:
        """The whole key.

        Raises:
            WrongKey: the file holds the writer part only.
        """
        if isinstance(self.content, WholeKey):
            return self.content
        raise WrongKey(
            f"The key file {self.path} can write backups and nothing else. This needs the whole "
            "key file: name it in SITEKEEP_KEY_FILE."
        )


class PassphraseNeeded(WrongKey):
    """A key file is under a passphrase, and none is given."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The key file {path} is protected by a passphrase: name the file that holds it in "
            "SITEKEEP_KEY_PASSPHRASE_FILE."
        )


def read_key_file(path: Path, passphrase: Passphrase | None = None) -> KeyFile:
    """Reads a key file.

    Raises:
        FileNotFoundError: there is none.
        PassphraseNeeded: it is under a passphrase, and none is given.
        WrongKey: the file is not a key file of a vault, or the passphrase does not open it.
        StoreUnavailable: the file cannot be read.
    """
    text = _read(path)
    try:
        document = key_document.parse(text)
        if "sealed" not in document:
            return KeyFile(path, key_document.decode(document), None)
        if passphrase is None:
            raise PassphraseNeeded(path)
        opened = _opened(path, document, passphrase)
        return KeyFile(path, key_document.decode(opened), passphrase)
    except (ValueError, msgspec.ValidationError) as error:
        raise WrongKey(
            f"{path} is not a key file of a Sitekeep vault. Put your copy of the file there, or "
            "move it away and make it anew: sitekeep key recover."
        ) from error


def load_key_file(path: Path, passphrase: Passphrase | None = None) -> VaultKeys:
    """The keys that a key file holds; raises what read_key_file raises."""
    return read_key_file(path, passphrase).keys


def load_or_create_key_file(path: Path, passphrase: Passphrase | None = None) -> VaultKeys:
    """Reads the key file; makes one that only its owner can read where there is none.

    Raises:
        WrongKey: the file is not a key file of a vault, or the passphrase does not open it.
        StoreUnavailable: the file can be neither read nor made.
    """
    try:
        return load_key_file(path, passphrase)
    except FileNotFoundError:
        return _create(path, passphrase)


def write_whole_key_file(path: Path, key: WholeKey, passphrase: Passphrase | None = None) -> None:
    """Writes a key file that holds everything, under a passphrase where one is given.

    Raises:
        FileExistsError: there is such a file.
        StoreUnavailable: the file cannot be written.
    """
    _write_new(path, key_document.encode_whole(key), passphrase)


def write_writer_key_file(
    path: Path, keys: VaultKeys, passphrase: Passphrase | None = None
) -> None:
    """Writes a key file that can back up and cannot read, for a Backup server of its own.

    Raises:
        FileExistsError: there is such a file.
        StoreUnavailable: the file cannot be written.
    """
    _write_new(path, key_document.encode_writer_part(keys), passphrase)


def write_copy(path: Path, file: KeyFile, passphrase: Passphrase) -> None:
    """Writes what a key file holds into another one, under a passphrase.

    Raises:
        FileExistsError: there is such a file.
        StoreUnavailable: the file cannot be written.
    """
    if isinstance(file.content, WholeKey):
        write_whole_key_file(path, file.content, passphrase)
    else:
        write_writer_key_file(path, file.content, passphrase)


def write_private_file(path: Path, content: bytes) -> None:
    """Writes a new file that only its owner can read, wholly or not at all, and durably.

    Raises:
        FileExistsError: there is such a file.
        StoreUnavailable: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_durably(path, content)
    except FileExistsError:
        raise
    except OSError as error:
        raise StoreUnavailable(f"The file {path} cannot be made: {error.strerror}.") from error


def _read(path: Path) -> bytes:
    try:
        text = path.read_bytes()
        if path.stat().st_mode & 0o077:
            _logger.warning("The key file %s is readable by others; make it 0600.", path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreUnavailable(f"The key file {path} cannot be read: {error.strerror}.") from error
    return text


def _create(path: Path, passphrase: Passphrase | None) -> VaultKeys:
    try:
        write_whole_key_file(path, WholeKey.generate(), passphrase)
    except FileExistsError:
        return load_key_file(path, passphrase)
    _logger.warning(
        "Made a new vault key in %s. Keep a copy in a safe place, or print one "
        "(sitekeep key sheet): without it no backup can ever be read.",
        path,
    )
    return load_key_file(path, passphrase)


def _write_new(path: Path, document: Document, passphrase: Passphrase | None) -> None:
    if passphrase is not None:
        sealed = passphrase.seal(key_document.to_bytes(document), _CONTEXT)
        document = {
            "sitekeep_vault_key": key_document.KEY_DOCUMENT_FORMAT,
            **msgspec.to_builtins(sealed),
        }
    write_private_file(path, key_document.to_bytes(document))


def _opened(path: Path, document: Document, passphrase: Passphrase) -> Document:
    plaintext = passphrase.open(msgspec.convert(document, PassphraseSealed), _CONTEXT)
    if plaintext is None:
        raise WrongKey(
            f"The passphrase does not open the key file {path}: look at the file that "
            "SITEKEEP_KEY_PASSPHRASE_FILE names, or make the key file anew in another place "
            "(sitekeep key recover)."
        )
    return key_document.parse(plaintext)


def _write_durably(path: Path, content: bytes) -> None:
    """A half-written key file must never be found: temporary file, fsync, link, fsync."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    finally:
        os.unlink(temporary)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
