"""The vault itself: verbs that work where its storage and its key are, without the servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitekeep_cli import local_vault
from sitekeep_cli.collections import collection_document, collection_rows
from sitekeep_cli.output import Output
from sitekeep_cli.settings import Home, settings_of
from sitekeep_cli.verbs import group

if TYPE_CHECKING:
    from sitekeep_shared.config import Settings
    from sitekeep_shared.vault.collection_report import CollectionReport

application = group("The vault, where its storage and its key are; without the servers.")

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, with nothing around it.")]


@application.command("list")
def list_(
    expired: Annotated[
        bool, typer.Option("--expired", help="Also those that wait to be collected.")
    ] = False,
    home: Home = "",
    as_json: AsJson = False,
) -> None:
    """List the backups that the vault holds, also those that no database knows."""
    output, settings = Output(as_json), settings_of(home)
    found = local_vault.run(_backups(settings, include_expired=expired))
    if as_json:
        output.document({"backups": found})
        return
    output.table(
        ("SITE", "BACKUP", "STATE", "FINISHED", "EXPIRES", "#BYTES"),
        [[str(value) for value in one.values()] for one in found],
    )


async def _backups(settings: Settings, *, include_expired: bool) -> list[dict[str, Any]]:
    vault = await local_vault.opened(settings)
    return [
        {
            "site": header.site,
            "backup": header.backup_id,
            "state": header.state,
            "finished": header.finished.isoformat(timespec="seconds"),
            "expires": header.expire_time.isoformat(timespec="seconds"),
            "bytes": header.content_bytes,
        }
        async for header in vault.backups(include_expired=include_expired)
    ]


@application.command()
def collect(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
    home: Home = "",
    as_json: AsJson = False,
) -> None:
    """Give back the space of what no backup needs; the Backup server does so once an hour.

    What nothing needs is condemned first, and removed when it still is so a day later.
    """
    output, settings = Output(as_json), settings_of(home)
    report = local_vault.run(_collect(settings, dry_run=dry_run))
    if as_json:
        output.document(collection_document(report))
        return
    output.table(("WHAT", "#BACKUPS", "#PACKS", "#BYTES", "NOTE"), collection_rows(report, dry_run))


async def _collect(settings: Settings, *, dry_run: bool) -> CollectionReport:
    vault = await local_vault.opened(settings)
    return await vault.collect(dry_run=dry_run)
