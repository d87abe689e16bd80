"""Makes the database's organizations, products, policies and backups anew from manifests.

What is there already is left as it is, so that a scan may be repeated at any time, over a
database that is empty, half lost, or whole.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import admins, api_keys
from sitekeep_shared.catalog import rebuilding
from sitekeep_shared.catalog.details import BackupDetails, decode_details
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.vault.errors import BackupNotFound, DamagedObject, WrongKey
from sitekeep_shared.vault.manifest_types import ManifestHeader
from sitekeep_shared.vault.vault import Vault
from sitekeep_shared.vault.verification_record import VerificationRecord


class Outcome(enum.StrEnum):
    """What became of a manifest."""

    ADDED = "added"
    THERE = "there already"
    REFUSED = "cannot be added"
    UNREADABLE = "cannot be read"


@dataclass(frozen=True)
class Scanned:
    """A manifest, and what became of it."""

    manifest: str
    """Its name, ``SITE/BACKUP``."""
    outcome: Outcome
    backup: str = ""
    """The resource name."""
    state: str = ""
    why: str = ""
    """Why it was not added, in a sentence."""
    also_added: Sequence[str] = ()
    """Resource names of what it belongs to and was not there."""


@dataclass
class Scan:
    """What a scan came to."""

    manifests: list[Scanned] = field(default_factory=list[Scanned])
    adopted: list[str] = field(default_factory=list[str])
    """Organizations that had no admin; the only account that has a key is theirs now."""
    without_admin: list[str] = field(default_factory=list[str])
    """Organizations that nobody can reach yet."""

    @property
    def whole(self) -> bool:
        """Whether every manifest could be read and is in the database, or would be."""
        bad = (Outcome.REFUSED, Outcome.UNREADABLE)
        return not any(scanned.outcome in bad for scanned in self.manifests)


@dataclass(frozen=True)
class _Found:
    header: ManifestHeader
    details: BackupDetails
    records: Sequence[VerificationRecord]


class _OnlyLooking(Exception):
    """Takes back what a scan that is not to write has written in its transaction."""


async def scan(
    vault: Vault,
    database: Database,
    clock: Clock,
    chosen: Sequence[tuple[str, str]],
    *,
    write: bool,
) -> Scan:
    """Scans the manifests of these sites and backup ids; unless ``write``, changes nothing.

    Raises:
        StoreUnavailable: the vault does not answer.
        DBAPIError: the database does not.
    """
    result, readable = Scan(), list[_Found]()
    for site, backup_id in chosen:
        found = await _read(vault, site, backup_id)
        if isinstance(found, Scanned):
            result.manifests.append(found)
        else:
            readable.append(found)
    # The newest first: what it says of the product and the policy is what held last.
    readable.sort(key=lambda found: found.header.finished, reverse=True)
    try:
        async with database.write() as connection:
            for found in readable:
                result.manifests.append(await _rebuild(connection, found))
            await _adopt(connection, clock, result)
            if not write:
                raise _OnlyLooking
    except _OnlyLooking:
        pass
    result.manifests.sort(key=lambda scanned: scanned.manifest)
    return result


async def _read(vault: Vault, site: str, backup_id: str) -> _Found | Scanned:
    name = f"{site}/{backup_id}"
    try:
        header, details = await vault.details(site, backup_id)
        return _Found(header, decode_details(details), await vault.records(backup_id))
    except (DamagedObject, BackupNotFound, WrongKey) as error:
        return Scanned(name, Outcome.UNREADABLE, why=str(error))
    except ValueError as error:
        return Scanned(name, Outcome.UNREADABLE, why=f"The manifest cannot be used: {error}.")


async def _rebuild(connection: AsyncConnection, found: _Found) -> Scanned:
    name = f"{found.header.site}/{found.header.backup_id}"
    backup, state = found.details.backup, found.header.state
    try:
        added = await rebuilding.add_surroundings(connection, found.header, found.details)
        if not await rebuilding.add_backup(connection, found.header, found.details):
            return Scanned(name, Outcome.THERE, backup, state, also_added=added)
    except rebuilding.CannotRebuild as error:
        return Scanned(name, Outcome.REFUSED, backup, state, str(error))
    await rebuilding.add_records(connection, found.header.backup_id, found.records)
    return Scanned(name, Outcome.ADDED, backup, state, also_added=added)


async def _adopt(connection: AsyncConnection, clock: Clock, result: Scan) -> None:
    """An organization without an admin could be reached by nobody."""
    organization, admin = schema.organization.c.id, schema.admin
    statement = select(organization).where(~exists().where(admin.c.organization == organization))
    alone = list((await connection.execute(statement.order_by(organization))).scalars())
    accounts = await api_keys.accounts(connection, clock.now())
    for identifier in alone:
        if len(accounts) == 1:
            await admins.add_first(connection, identifier, accounts[0])
    (result.adopted if len(accounts) == 1 else result.without_admin).extend(
        f"organizations/{identifier}" for identifier in alone
    )
