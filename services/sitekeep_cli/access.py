"""What the command proves itself with, and whom it trusts. Never read from an argument."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sitekeep_cli.errors import UsageError
from sitekeep_shared.config import ClientTls, ConfigurationError, client_tls

KEY = "SITEKEEP_API_KEY"
KEY_FILE = "SITEKEEP_API_KEY_FILE"


@dataclass(frozen=True)
class Access:
    """How the calls of one run are made."""

    api_key: str = ""
    """Sent with every call; empty: none is."""
    tls: ClientTls | None = None
    """None: the servers speak no TLS."""

    @classmethod
    def given(cls, key_file: Path | None, environment: Mapping[str, str] = os.environ) -> Access:
        """What a file and the environment say.

        Raises:
            UsageError: a file cannot be read, or holds something else.
        """
        try:
            security = client_tls(environment)
        except ConfigurationError as error:
            raise UsageError(str(error)) from error
        return cls(_api_key(key_file, environment), security)


def _api_key(key_file: Path | None, environment: Mapping[str, str]) -> str:
    if key_file is not None:
        return _checked(_content(key_file), str(key_file))
    if environment.get(KEY):
        return _checked(environment[KEY], KEY)
    if environment.get(KEY_FILE):
        return _checked(_content(Path(environment[KEY_FILE]).expanduser()), environment[KEY_FILE])
    return ""


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The API key cannot be read: {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} holds no API key: it is not text.") from error


def _checked(text: str, source: str) -> str:
    """The key; what cannot travel in a header would fail without a word about the key."""
    key = text.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(f"{source} holds no API key: that is one word, sitekeep_…, on one line.")
    return key
