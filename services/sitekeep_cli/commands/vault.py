"""The vault itself: verbs that work where its storage and its key are, without the servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitekeep_cli import local_stores, local_vault
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_cli.output import Output
from sitekeep_cli.settings import Home, settings_of
from sitekeep_cli.verbs import group

if TYPE_CHECKING:
    from sitekeep_shared.config import Settings

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
