"""The acts of a drill: read the backup, restore it, back it up again, compare.

The vault stays open for reading all the while, so that nothing is collected that the drill
needs; it is written to once, with the record of what the drill found.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from sitekeep_cli import local_catalog, local_vault
from sitekeep_cli.access import Access
from sitekeep_cli.call import Call
from sitekeep_cli.commands.demo import working_folder
from sitekeep_cli.demo.stage import DESTINATION
from sitekeep_cli.drill.acts import Drill
from sitekeep_cli.drill.beside import Beside
from sitekeep_cli.drill.members import accounts_of, add_members
from sitekeep_cli.drill.report import Report, show
from sitekeep_cli.drill.stage import DrillStage, vault_settings
from sitekeep_cli.errors import CommandError, UsageError
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_cli.output import Output
from sitekeep_shared.catalog.details import BackupDetails, decode_details
from sitekeep_shared.catalog.scan import scan
from sitekeep_shared.clock import SystemClock
from sitekeep_shared.config import Settings
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.migrate import migrate
from sitekeep_shared.vault.errors import StoreUnavailable
from sitekeep_shared.vault.examination import examine
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.opening import open_vault
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.vault.vault import Vault
from sitekeep_shared.vault.verification_record import VerificationRecord


def run(
    output: Output,
    settings: Settings,
    environment: Mapping[str, str],
    which: str,
    folder: Path | None,
    *,
    keep: bool,
) -> Report:
    """Makes the drill, prints what came of it, and keeps a record.

    Raises:
        CommandError: there is no such backup, or something that the drill needs does not start.
        UsageError: the name means several backups, or the folder is not empty.
    """
    with working_folder(folder, keep=keep) as place:
        stage = DrillStage(place, vault=vault_settings(settings, environment))
        with local_vault.refusals(), Beside() as beside:
            report = _drill(beside, output, settings, stage, which)
    show(output, report)
    if keep or folder is not None:
        output.say(f"Everything is still in {place}.")
    return report


def _drill(
    beside: Beside, output: Output, settings: Settings, stage: DrillStage, which: str
) -> Report:
    vault = beside.run(local_vault.opened(settings))
    with beside.within(vault.reading()):
        return _drill_one(beside, output, settings, stage, vault, which)


def _drill_one(
    beside: Beside,
    output: Output,
    settings: Settings,
    stage: DrillStage,
    vault: Vault,
    which: str,
) -> Report:
    site, backup_id = beside.run(_only_one(vault, which))
    output.say(f"Reading all of {site}/{backup_id} …")
    found, record = beside.run(examine(vault, SystemClock(), site, backup_id, Level.DATA))
    report = Report(f"{site}/{backup_id}", found)
    if found.sound:
        reader = beside.run(vault.open_backup(site, backup_id))
        try:
            _restore_and_compare(beside, output, stage, reader, report)
        finally:
            beside.run(reader.close())
    else:
        report.broken.append("the backup is damaged")
    beside.run(_keep(output, settings, vault, _record(record, report)))
    return report


async def _only_one(vault: Vault, which: str) -> tuple[str, str]:
    found = await local_vault.chosen(vault, which)
    if len(found) != 1:
        raise UsageError("Say which backup: SITE/BACKUP, as sitekeep vault list has them.")
    return found[0]


def _restore_and_compare(
    beside: Beside, output: Output, stage: DrillStage, reader: BackupReader, report: Report
) -> None:
    beside.run(_make_catalog(stage, reader))
    add_members(DESTINATION, stage.site_folder, beside.run(accounts_of(reader)))
    _act(output, stage, decode_details(reader.details), report)


async def _make_catalog(stage: DrillStage, reader: BackupReader) -> None:
    """The drill's own database, made from the vault as after a loss."""
    own = Settings.from_environment({**stage.vault, **stage.aside()})
    vault, database = await open_vault(own, SystemClock()), Database(own.database_url)
    own.home.mkdir(parents=True, exist_ok=True)
    try:
        await migrate(database)
        chosen = [(reader.header.site, reader.header.backup_id)]
        found = await scan(vault, database, SystemClock(), chosen, write=True)
    finally:
        await database.close()
    if not found.whole:
        raise CommandError(f"The backup cannot be drilled: {found.manifests[0].why}")


def _act(output: Output, stage: DrillStage, details: BackupDetails, report: Report) -> None:
    with stage:
        organization = details.backup.split("/")[1]
        call = Call(
            Output(output.as_json),
            organization,
            stage.address("backup"),
            stage.address("restore"),
            own_access=Access(stage.api_key),
        )
        with contextlib.closing(call):
            drill = Drill(call, stage, details)
            try:
                report.outcome = drill.run()
            except CommandError as error:
                if error.exit_code is ExitCode.INTERRUPTED:
                    raise CommandError("The drill was stopped.", ExitCode.INTERRUPTED) from error
                report.broken.append(str(error))
            report.broken.extend(drill.broken)


def _record(read: VerificationRecord, report: Report) -> VerificationRecord:
    return VerificationRecord(
        site=read.site,
        backup_id=read.backup_id,
        level=Level.DRILL.name,
        sound=report.sound,
        started=read.started,
        finished=SystemClock().now(),
        read_bytes=read.read_bytes,
        total_bytes=read.total_bytes,
        damaged=read.damaged,
        damaged_packs=read.damaged_packs,
    )


async def _keep(
    output: Output, settings: Settings, vault: Vault, record: VerificationRecord
) -> None:
    try:
        await vault.keep_record(record)
    except StoreUnavailable as error:
        output.say(f"No record of the drill is in the vault: {error}")
    trouble = await local_catalog.note(settings, record)
    if trouble:
        output.say(f"The drill is not noted in the database: {trouble}.")
