"""Configuration: read from the environment in one place, then passed on as a value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sitekeep_shared.rules import PROFILES, Profile
from sitekeep_shared.vault.location import FolderLocation, VaultLocation, parse_location

_LARGEST_PORT = 65_535


class ConfigurationError(Exception):
    """A setting that cannot be used; the message names it and the way out."""


@dataclass(frozen=True)
class ServerTls:
    """How a server proves itself, and whether its callers have to. Paths of PEM files."""

    certificate: Path
    """``SITEKEEP_TLS_CERTIFICATE``: the server's certificate, with those between it and a root."""
    key: Path
    """``SITEKEEP_TLS_KEY``: its private key."""
    client_authority: Path | None
    """``SITEKEEP_TLS_CLIENT_CA``: who signs the certificates that every caller then needs."""


@dataclass(frozen=True)
class ClientTls:
    """Whom a client trusts, and how it proves itself. Paths of PEM files."""

    authority: Path
    """``SITEKEEP_TLS_CA``: who signs the certificates of the servers."""
    certificate: Path | None
    """``SITEKEEP_TLS_CLIENT_CERTIFICATE``: the client's own certificate."""
    key: Path | None
    """``SITEKEEP_TLS_CLIENT_KEY``: its private key."""


@dataclass(frozen=True)
class Settings:
    """Everything that an operator can set."""

    home: Path
    """``SITEKEEP_HOME``: where the database, the vault and the keys are unless set apart."""
    database_url: str
    """``SITEKEEP_DATABASE_URL``: ``sqlite:////path`` or ``postgresql://user@host/name``."""
    vault_location: VaultLocation
    """``SITEKEEP_VAULT``: the folder or the place in a bucket that holds the backups."""
    vault_reuse_days: int | None
    """``SITEKEEP_VAULT_REUSE_DAYS``: older packs are not reused by new backups; None: all are."""
    key_file: Path
    """``SITEKEEP_KEY_FILE``: what opens the vault. Without it the backups are lost."""
    key_passphrase_file: Path | None
    """``SITEKEEP_KEY_PASSPHRASE_FILE``: holds the passphrase of the key file, if it has one."""
    credentials_key_file: Path
    """``SITEKEEP_CREDENTIALS_KEY_FILE``: what opens the API tokens in the database."""
    profile: Profile
    """``SITEKEEP_PROFILE``: the rules that hold."""
    backup_listen: str
    """``SITEKEEP_BACKUP_LISTEN``: where the Backup service listens."""
    restore_listen: str
    """``SITEKEEP_RESTORE_LISTEN``: where the Restore service listens."""
    backup_address: str
    """``SITEKEEP_BACKUP_ADDRESS``: where Restore and the command find the Backup service."""
    concurrency: int
    """``SITEKEEP_CONCURRENCY``: units of one operation that run side by side."""
    lease_seconds: float
    """``SITEKEEP_LEASE_SECONDS``: how long a lock holds without being renewed."""
    log_level: str
    """``SITEKEEP_LOG_LEVEL``: DEBUG, INFO, WARNING or ERROR."""
    insecure_listen: bool
    """``SITEKEEP_INSECURE_LISTEN=1``: listen beyond this machine although there is no TLS."""
    verify_days: int = 7
    """``SITEKEEP_VERIFY_DAYS``: within how many days everything of each backup is read anew by
    the Restore server; 0: never."""
    vault_overlay: Path | None = None
    """``SITEKEEP_VAULT_OVERLAY``: a folder that takes everything that is written, while the vault
    is only read, as drills do; None: the vault is written to."""
    server_tls: ServerTls | None = field(default=None)
    """How the servers speak TLS; None: they do not."""
    client_tls: ClientTls | None = field(default=None)
    """How the command and the Restore service speak TLS to a server; None: they do not."""

    @property
    def vault_folder(self) -> Path:
        """The folder that holds the backups.

        Raises:
            ConfigurationError: they are in a bucket.
        """
        if isinstance(self.vault_location, FolderLocation):
            return self.vault_location.folder
        raise ConfigurationError(f"The vault in {self.vault_location} is in no folder.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Reads the settings.

        Raises:
            ConfigurationError: a value cannot be used.
        """
        get = environment.get
        home = Path(get("SITEKEEP_HOME") or Path.home() / ".sitekeep").expanduser().absolute()
        backup_listen = get("SITEKEEP_BACKUP_LISTEN", "127.0.0.1:50051")
        return cls(
            home=home,
            database_url=get("SITEKEEP_DATABASE_URL") or f"sqlite:///{home}/sitekeep.db",
            vault_location=_location("SITEKEEP_VAULT", get("SITEKEEP_VAULT"), home / "vault"),
            vault_reuse_days=_positive_if_set(environment, "SITEKEEP_VAULT_REUSE_DAYS"),
            key_file=_path("SITEKEEP_KEY_FILE", get("SITEKEEP_KEY_FILE"), home / "sitekeep.key"),
            key_passphrase_file=_file(environment, "SITEKEEP_KEY_PASSPHRASE_FILE"),
            credentials_key_file=_path(
                "SITEKEEP_CREDENTIALS_KEY_FILE",
                get("SITEKEEP_CREDENTIALS_KEY_FILE"),
                home / "credentials.key",
            ),
            profile=_profile(get("SITEKEEP_PROFILE", "closed-beta")),
            backup_listen=_address("SITEKEEP_BACKUP_LISTEN", backup_listen),
            restore_listen=_address(
                "SITEKEEP_RESTORE_LISTEN", get("SITEKEEP_RESTORE_LISTEN", "127.0.0.1:50052")
            ),
            backup_address=get("SITEKEEP_BACKUP_ADDRESS", backup_listen),
            concurrency=_positive(environment, "SITEKEEP_CONCURRENCY", 8),
            lease_seconds=_positive(environment, "SITEKEEP_LEASE_SECONDS", 60),
            log_level=_log_level(get("SITEKEEP_LOG_LEVEL", "INFO")),
            insecure_listen=get("SITEKEEP_INSECURE_LISTEN", "") == "1",
            verify_days=_number(environment, "SITEKEEP_VERIFY_DAYS", 7, least=0),
            vault_overlay=_overlay(get("SITEKEEP_VAULT_OVERLAY")),
            server_tls=_server_tls(environment),
            client_tls=client_tls(environment),
        )


def _address(name: str, text: str) -> str:
    host, _, port = text.rpartition(":")
    if text.startswith("unix:") or (host and port.isdigit() and int(port) <= _LARGEST_PORT):
        return text
    raise ConfigurationError(
        f"{name} is {text!r}; it has to be HOST:PORT, such as 127.0.0.1:50051."
    )


def _server_tls(environment: Mapping[str, str]) -> ServerTls | None:
    certificate = _file(environment, "SITEKEEP_TLS_CERTIFICATE")
    key = _file(environment, "SITEKEEP_TLS_KEY")
    authority = _file(environment, "SITEKEEP_TLS_CLIENT_CA")
    if certificate is None and key is None and authority is None:
        return None
    if certificate is None or key is None:
        raise ConfigurationError(
            "TLS needs both SITEKEEP_TLS_CERTIFICATE and SITEKEEP_TLS_KEY; one of them is not set."
        )
    return ServerTls(certificate, key, authority)


def client_tls(environment: Mapping[str, str] = os.environ) -> ClientTls | None:
    """How clients speak TLS; None: they do not.

    Raises:
        ConfigurationError: a file is not there, or one is missing that another needs.
    """
    authority = _file(environment, "SITEKEEP_TLS_CA")
    certificate = _file(environment, "SITEKEEP_TLS_CLIENT_CERTIFICATE")
    key = _file(environment, "SITEKEEP_TLS_CLIENT_KEY")
    if (certificate is None) != (key is None):
        raise ConfigurationError(
            "A client certificate needs both SITEKEEP_TLS_CLIENT_CERTIFICATE and "
            "SITEKEEP_TLS_CLIENT_KEY; one of them is not set."
        )
    if authority is None and certificate is not None:
        raise ConfigurationError(
            "SITEKEEP_TLS_CLIENT_CERTIFICATE is of use only with SITEKEEP_TLS_CA, the certificate "
            "of the authority that signs the servers' certificates."
        )
    return None if authority is None else ClientTls(authority, certificate, key)


def _file(environment: Mapping[str, str], name: str) -> Path | None:
    text = environment.get(name, "")
    if not text:
        return None
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        raise ConfigurationError(f"{name} is {text!r}; there is no such file.")
    return path


def _path(name: str, value: str | None, default: Path) -> Path:
    location = _location(name, value, default)
    if not isinstance(location, FolderLocation):
        raise ConfigurationError(f"{name} is {value!r}; it has to be the path of a file.")
    return location.folder


def _location(name: str, value: str | None, default: Path) -> VaultLocation:
    if not value:
        return FolderLocation(default)
    try:
        return parse_location(value)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from error


def _overlay(value: str | None) -> Path | None:
    return Path(value).expanduser().absolute() if value else None


def _profile(name: str) -> Profile:
    if name not in PROFILES:
        raise ConfigurationError(
            f"SITEKEEP_PROFILE is {name!r}; it has to be one of {', '.join(PROFILES)}."
        )
    return PROFILES[name]


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    return _number(environment, name, default, least=1)


def _number(environment: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdigit() or int(text) < least:
        raise ConfigurationError(f"{name} is {text!r}; it has to be a whole number from {least}.")
    return int(text)


def _positive_if_set(environment: Mapping[str, str], name: str) -> int | None:
    return _positive(environment, name, 1) if environment.get(name) else None


def _log_level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ConfigurationError(
            f"SITEKEEP_LOG_LEVEL is {text!r}; it has to be DEBUG, INFO, WARNING or ERROR."
        )
    return text.upper()
