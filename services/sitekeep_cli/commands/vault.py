"""The vault itself: verbs that work where its storage and its key are, without the servers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitekeep_cli import local_stores, local_vault
from sitekeep_cli.collections import collection_document, collection_rows
from sitekeep_cli.exit_codes import ExitCode, explained
from sitekeep_cli.levels import Level, LevelOption
from sitekeep_cli.output import Output
from sitekeep_cli.settings import Home, environment_with, settings_of
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


Which = Annotated[
    str, typer.Argument(metavar="[SITE/]BACKUP", help="Only this backup; else every one.")
]


@application.command(epilog=explained())
def verify(
    which: Which = "",
    level: LevelOption = Level.DATA,
    home: Home = "",
    as_json: AsJson = False,
) -> None:
    """Look through one backup or all, where the vault is; exit code 1 where one is damaged.

    The levels structure and storage need no private key.
    """
    from sitekeep_cli import local_verification
    from sitekeep_shared.vault import levels

    output = Output(as_json)
    found = local_vault.run(
        local_verification.verify(settings_of(home), which, levels.Level[level.name])
    )
    if as_json:
        output.document({"verifications": [one.as_json() for one in found]})
    else:
        local_verification.show(output, found)
    raise typer.Exit(ExitCode.OK if all(one.sound for one in found) else ExitCode.FAILED)


@application.command(epilog=explained())
def scan(
    which: Which = "",
    write: Annotated[
        bool, typer.Option("--write", help="Add what is missing; else only say what that is.")
    ] = False,
    home: Home = "",
    as_json: AsJson = False,
) -> None:
    """Make what the database holds anew from the vault: organizations, products, backups.

    What the database holds already stays as it is. Credentials are not in the vault.
    """
    from sitekeep_cli import local_catalog

    output = Output(as_json)
    found = local_vault.run(local_catalog.scan(settings_of(home), which, write=write))
    if as_json:
        output.document(local_catalog.as_json(found, written=write))
    else:
        local_catalog.show(output, found, written=write)
    raise typer.Exit(ExitCode.OK if found.whole else ExitCode.INCOMPLETE)


@application.command(epilog=explained())
def drill(
    which: Annotated[str, typer.Argument(metavar="[SITE/]BACKUP", help="The backup to restore.")],
    folder: Annotated[
        Path | None, typer.Option("--folder", help="An empty folder to work in; else a new one.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the folder there.")] = False,
    home: Home = "",
    as_json: AsJson = False,
) -> None:
    """Restore a backup into a fresh simulated site and compare both, item by item.

    With servers, a database and a site of its own: of yours, only the vault is used, and of that
    only the record of the drill is new. Exit code 1 where something differs that nothing declares.
    """
    from sitekeep_cli.drill import drill as drilling

    report = drilling.run(
        Output(as_json), settings_of(home), environment_with(home), which, folder, keep=keep
    )
    raise typer.Exit(ExitCode.OK if report.sound else ExitCode.FAILED)


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
def probe(
    location: Annotated[
        str, typer.Argument(help="A folder, s3://…, gs://… or az://…; else SITEKEEP_VAULT.")
    ] = "",
    home: Home = "",
    as_json: AsJson = False,
) -> None:
    """Prove what a store guarantees, before a vault is trusted to it."""
    place = local_stores.location_of(location) if location else settings_of(home).vault_location
    findings = local_vault.run(local_stores.probe(place))
    if not local_stores.show_findings(Output(as_json), place, findings):
        raise typer.Exit(ExitCode.FAILED)


@application.command()
def copy(
    destination: Annotated[str, typer.Argument(help="A folder, s3://…, gs://… or az://….")],
    backup: Annotated[
        list[str] | None,
        typer.Option(metavar="SITE/BACKUP", help="Only this one; may be given again."),
    ] = None,
    heal: Annotated[
        bool,
        typer.Option("--heal", help="Read all on both sides; replace what is damaged on one."),
    ] = False,
    home: Home = "",
    as_json: AsJson = False,
) -> None:
    """Make or update a second copy of the vault elsewhere; only what is missing is transferred."""
    output, settings = Output(as_json), settings_of(home)
    place, backups = local_stores.location_of(destination), local_stores.backups_of(backup or [])
    work = local_stores.copy(settings, place, backups, heal=heal, tell=output.say)
    report = local_vault.run(work)
    local_stores.show_copy(output, place, report)
    if not report.is_complete:
        raise typer.Exit(ExitCode.FAILED)


@application.command(epilog=explained())
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
