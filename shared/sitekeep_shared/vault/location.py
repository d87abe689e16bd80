"""Where a vault is: a local folder, or a place in a bucket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")
_ALMOST_AN_ADDRESS = re.compile(r"(?:s3|gs|az|file):", re.IGNORECASE)
_PREFIX_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=-]*")


class Cloud(StrEnum):
    """Who keeps a bucket; the value is the scheme of its addresses."""

    S3 = "s3"
    """Amazon S3, and whoever speaks its protocol."""
    GCS = "gs"
    """Google Cloud Storage."""
    AZURE = "az"
    """Azure Blob Storage; its buckets are called containers."""

    @property
    def bucket_word(self) -> str:
        """What this cloud calls a bucket."""
        return "container" if self is Cloud.AZURE else "bucket"


@dataclass(frozen=True)
class FolderLocation:
    """A local folder."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)


@dataclass(frozen=True)
class BucketLocation:
    """A bucket, and the prefix in it under which the objects of the vault are."""

    cloud: Cloud
    bucket: str
    prefix: str = ""
    """Parts with slashes between them, none at either end; empty for the whole bucket."""

    def __str__(self) -> str:
        return f"{self.cloud}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")


VaultLocation = FolderLocation | BucketLocation


def parse_location(text: str) -> VaultLocation:
    """A location as it is typed: a path, ``file://…``, ``s3://…``, ``gs://…`` or ``az://…``.

    Raises:
        ValueError: it is none of them.
    """
    scheme, separator, rest = text.partition("://")
    if not text or "\0" in text:
        raise ValueError(f"{text!r} is no location of a vault: it is empty.")
    if not separator and _ALMOST_AN_ADDRESS.match(text):
        raise ValueError(
            f"{text!r} is no location of a vault: an address has two slashes behind its colon, as "
            "s3://bucket/prefix has; a folder of that name is ./" + text
        )
    if not separator or scheme == "file":
        return FolderLocation(Path(rest if separator else text).expanduser().absolute())
    if scheme not in set(Cloud):
        raise ValueError(
            f"{text!r} is no location of a vault: it has to be a folder, or an address such as "
            "s3://bucket/prefix, gs://bucket/prefix or az://container/prefix."
        )
    return _bucket_location(text, Cloud(scheme), rest)


def _bucket_location(text: str, cloud: Cloud, rest: str) -> BucketLocation:
    bucket, _, prefix = rest.partition("/")
    parts = prefix.rstrip("/").split("/") if prefix.rstrip("/") else []
    if not _BUCKET.fullmatch(bucket):
        raise ValueError(f"{text!r} is no location of a vault: it names no {cloud.bucket_word}.")
    if not all(_PREFIX_PART.fullmatch(part) for part in parts):
        raise ValueError(
            f"{text!r} is no location of a vault: between slashes a prefix may have letters, "
            "digits and any of . _ = - and begins with none of . = -"
        )
    return BucketLocation(cloud, bucket, "/".join(parts))
