"""The ``details`` of a manifest: what the database knew of a backup when it was committed.

They lie in the sealed body, FORMAT.md section 8, so that only those who can read backups open
them. Fields are added, never renamed: manifests are read for as long as they are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

NAMED = 1000
"""Findings that the details hold; the rest is counted."""


class OrganizationDetails(msgspec.Struct, frozen=True):
    """The organization that the product belongs to."""

    display_name: str
    enrolled: bool


class ProductDetails(msgspec.Struct, frozen=True):
    """The product, without its credentials."""

    display_name: str
    site_uri: str
    encryption: str
    apps: Sequence[str] = ()


class PolicyDetails(msgspec.Struct, frozen=True):
    """The policy that the backup was made by."""

    uid: str
    display_name: str
    include_attachments: bool
    schedule: str = ""
    retention_seconds: int | None = None


class FindingDetails(msgspec.Struct, frozen=True):
    """One thing that did not go through."""

    unit_key: str
    number: int
    severity: str
    kind: str
    key: str
    reason: str
    message: str
    count: int


class BackupDetails(msgspec.Struct, frozen=True):
    """A backup with all that it belongs to. Names are resource names."""

    backup: str
    product: str
    product_type: str
    policy: str
    ledger: Mapping[str, Mapping[str, int]]
    """Per kind; the form of ``sitekeep_shared.work.counts``."""
    issue_count: int = 0
    operation: str = ""
    """The id of the operation that made it."""
    organization_details: OrganizationDetails | None = None
    product_details: ProductDetails | None = None
    policy_details: PolicyDetails | None = None
    findings: Sequence[FindingDetails] = ()
    """The first NAMED ones."""


def encode_details(details: BackupDetails) -> bytes:
    """The JSON of the manifest."""
    return msgspec.json.encode(details)


def decode_details(data: bytes) -> BackupDetails:
    """The reverse of encode_details; fields that are not known are passed over.

    Raises:
        ValueError: they are no details.
    """
    try:
        return msgspec.json.decode(data, type=BackupDetails)
    except msgspec.MsgspecError as error:
        raise ValueError(f"its details do not read as such ({error})") from error


def of_row(kind: type[Any], row: Any) -> Any:
    """The details that a row of the database holds under the same names."""
    return kind(**{name: getattr(row, name) for name in kind.__struct_fields__})
