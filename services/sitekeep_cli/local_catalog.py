"""The database made anew from the vault, where both are."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sitekeep_cli import local_vault, trouble
from sitekeep_cli.names import short

if TYPE_CHECKING:
    from sitekeep_cli.output import Output
    from sitekeep_shared.catalog.scan import Scan
    from sitekeep_shared.config import Settings
    from sitekeep_shared.database.engine import Database
    from sitekeep_shared.vault.verification_record import VerificationRecord


async def scan(settings: Settings, which: str, *, write: bool) -> Scan:
    """Scans one backup or all that have not expired.

    Raises:
        CommandError: there is no such backup, or the database cannot be used.
        VaultError: the vault cannot be opened or read.
    """
    from sitekeep_shared.catalog.scan import scan as scan_vault
    from sitekeep_shared.clock import SystemClock
    from sitekeep_shared.database.engine import Database
    from sitekeep_shared.database.migrate import migrate

    vault = await local_vault.opened(settings)
    chosen = await local_vault.chosen(vault, which)
    with trouble.of_data():
        database = Database(settings.database_url)
        try:
            await migrate(database)
            async with vault.reading():
                return await scan_vault(vault, database, SystemClock(), chosen, write=write)
        finally:
            await database.close()


def as_json(found: Scan, *, written: bool) -> dict[str, Any]:
    """What a scan came to, for programs."""
    return {
        "written": written,
        "backups": [
            {
                "manifest": one.manifest,
                "outcome": one.outcome.name,
                "backup": one.backup,
                "state": one.state,
                "alsoAdded": list(one.also_added),
                **({"why": one.why} if one.why else {}),
            }
            for one in found.manifests
        ],
        "adopted": found.adopted,
        "withoutAdmin": found.without_admin,
    }


def show(output: Output, found: Scan, *, written: bool) -> None:
    """Prints what became of each manifest, and what to do next."""
    output.table(
        ("IN THE VAULT", "BACKUP", "STATE", "OUTCOME", "WITH IT", "WHY NOT"),
        [
            (
                one.manifest,
                one.backup,
                one.state.lower(),
                one.outcome.value,
                ", ".join("/".join(name.split("/")[-2:]) for name in one.also_added),
                one.why,
            )
            for one in found.manifests
        ],
    )
    for name in found.adopted:
        output.say(f"{short(name)} had no admin: the account of the only key is its admin now.")
    for name in found.without_admin:
        output.say(
            f"{short(name)} has no admin: sitekeep api-key create --account ACCOUNT --name NAME "
            "makes a key, and its account the admin."
        )
    if not written:
        output.say("Nothing was changed. With --write, the database gets what is to be added.")
    elif any(one.also_added for one in found.manifests):
        output.say(
            "Products come back without their credentials: sitekeep product update ID --email …"
        )


async def note(settings: Settings, record: VerificationRecord) -> str:
    """Notes a verification in the database, where there is one; returns why it could not.

    A database is never made for it.
    """
    from sqlalchemy.exc import DBAPIError

    from sitekeep_shared import verifications
    from sitekeep_shared.database.engine import Database
    from sitekeep_shared.database.errors import DatabaseError
    from sitekeep_shared.database.migrate import migrate

    database = Database(settings.database_url)
    try:
        if not await asyncio.to_thread(_is_there, database):
            return ""
        await migrate(database)
        async with database.write() as connection:
            if not await verifications.add_if_known(connection, record):
                return "the database does not know the backup"
    except (DBAPIError, DatabaseError, OSError) as error:
        return f"the database cannot be used: {error}"
    finally:
        await database.close()
    return ""


def _is_there(database: Database) -> bool:
    return database.path is None or Path(database.path).exists()
