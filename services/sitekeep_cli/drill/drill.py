"""The acts of a drill: read the backup, restore it, back it up again, compare.

The vault stays open for reading all the while, so that nothing is collected that the drill
needs; it is written to once, with the record of what the drill found.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sitekeep.backup.v1 import backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_cli import local_catalog, local_vault
from sitekeep_cli.access import Access
from sitekeep_cli.call import Call
from sitekeep_cli.commands.demo import working_folder
from sitekeep_cli.comparison.model import Json, Mode
from sitekeep_cli.comparison.report import result_as_json, show_differences, show_results
from sitekeep_cli.comparison.run import Outcome, compare
from sitekeep_cli.demo.site import DestinationSite
from sitekeep_cli.demo.stage import DESTINATION
from sitekeep_cli.drill.members import accounts_of, add_members
from sitekeep_cli.drill.stage import DrillStage, vault_settings
from sitekeep_cli.errors import CommandError, UsageError
from sitekeep_cli.names import short
from sitekeep_cli.outcome import state_of
from sitekeep_cli.output import Output
from sitekeep_cli.watching import result_of_followed
from sitekeep_shared.catalog.details import BackupDetails, decode_details
from sitekeep_shared.catalog.scan import scan
from sitekeep_shared.clock import SystemClock
from sitekeep_shared.config import Settings
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.migrate import migrate
from sitekeep_shared.vault.errors import StoreUnavailable
from sitekeep_shared.vault.examination import Examination, examine
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.opening import open_vault
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.vault.vault import Vault
from sitekeep_shared.vault.verification_record import VerificationRecord
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN


@dataclass
class Report:
    """What a drill came to."""

    backup: str
    examination: Examination
    outcome: Outcome | None = None
    """None where it never came to a comparison."""
    broken: list[str] = field(default_factory=list[str])
    """What did not hold, in words."""

    @property
    def sound(self) -> bool:
        """Whether the backup restores to what it was taken from, but for declared losses."""
        return not self.broken


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
        report = local_vault.run(_drill(output, settings, stage, which))
    _show(output, report)
    if keep or folder is not None:
        output.say(f"Everything is still in {place}.")
    return report


async def _drill(output: Output, settings: Settings, stage: DrillStage, which: str) -> Report:
    vault = await local_vault.opened(settings)
    site, backup_id = await _only_one(vault, which)
    output.say(f"Reading all of {site}/{backup_id} …")
    found, record = await examine(vault, SystemClock(), site, backup_id, Level.DATA)
    report = Report(f"{site}/{backup_id}", found)
    if found.sound:
        reader = await vault.open_backup(site, backup_id)
        try:
            await _restore_and_compare(output, stage, reader, report)
        finally:
            await reader.close()
    else:
        report.broken.append("the backup is damaged")
    await _keep(output, settings, vault, _record(record, report))
    return report


async def _only_one(vault: Vault, which: str) -> tuple[str, str]:
    found = await local_vault.chosen(vault, which)
    if len(found) != 1:
        raise UsageError("Say which backup: SITE/BACKUP, as sitekeep vault list has them.")
    return found[0]


async def _restore_and_compare(
    output: Output, stage: DrillStage, reader: BackupReader, report: Report
) -> None:
    details = decode_details(reader.details)
    await _make_catalog(stage, reader)
    accounts = await accounts_of(reader)
    await asyncio.to_thread(add_members, DESTINATION, stage.site_folder, accounts)
    # The verbs block; whatever keeps the vault open for the drill goes on meanwhile.
    await asyncio.to_thread(_act, output, stage, details, report)


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
                report.broken.append(str(error))
            report.broken.extend(drill.broken)


@dataclass
class Drill:
    """A drill while it goes on."""

    call: Call
    stage: DrillStage
    details: BackupDetails
    broken: list[str] = field(default_factory=list[str])
    identifier: str = field(default_factory=lambda: f"drill-{uuid.uuid4().hex[:8]}")
    """Of the product and its policy."""

    @property
    def parent(self) -> str:
        """The organization."""
        return self.call.organization

    def run(self) -> Outcome:
        """Restores, backs up again and compares.

        Raises:
            CommandError: the restore or the backup failed.
        """
        product = self._add_product()
        self._restore(product)
        again = self._back_up(self._add_policy(product))
        outcome = compare(self.call, self.details.backup, again, Mode.RESTORED)
        if outcome.report.undeclared:
            self.broken.append(f"{outcome.report.undeclared} differences that nothing declares")
        return outcome

    def _add_product(self) -> str:
        url = self.stage.url(DESTINATION)
        login = organization_pb2.Product.Credentials(email=ADMIN_EMAIL, api_token=ADMIN_TOKEN)
        if self.details.product_type == "CONFLUENCE":
            site = DestinationSite(url, ADMIN_EMAIL, ADMIN_TOKEN)
            for key in site.personal_spaces():
                site.delete_space(key)
        product = organization_pb2.Product(
            type=organization_pb2.Product.Type.Value(self.details.product_type),
            site_uri=url,
            credentials=login,
        )
        request = organization_pb2.CreateProductRequest(
            parent=self.parent, product_id=self.identifier, product=product
        )
        return self.call.organizations.CreateProduct(request).name

    def _add_policy(self, product: str) -> str:
        request = backup_policy_pb2.CreateBackupPolicyRequest(
            parent=self.parent,
            backup_policy_id=self.identifier,
            backup_policy=backup_policy_pb2.BackupPolicy(product=product),
        )
        return self.call.policies.CreateBackupPolicy(request).name

    def _restore(self, product: str) -> None:
        wanted = restore_pb2.Restore(
            backup=self.details.backup, product=product, allow_incomplete=True
        )
        request = restore_pb2.CreateRestoreRequest(parent=self.parent, restore=wanted)
        operation = self.call.restores.CreateRestore(request)
        result = result_of_followed(self.call, operation, "restore", silent=self._silent)
        assert isinstance(result, restore_pb2.Restore)
        self._expect_complete("restore", state_of(result))

    def _back_up(self, policy: str) -> str:
        request = backup_pb2.CreateBackupRequest(
            parent=self.parent, backup=backup_pb2.Backup(backup_policy=policy)
        )
        operation = self.call.backups.CreateBackup(request)
        result = result_of_followed(self.call, operation, "second backup", silent=self._silent)
        assert isinstance(result, backup_pb2.Backup)
        self._expect_complete("second backup", state_of(result))
        return result.name

    def _expect_complete(self, what: str, state: str) -> None:
        if state != "COMPLETE":
            self.broken.append(f"the {what} is {state}, not COMPLETE")

    @property
    def _silent(self) -> bool:
        return self.call.output.as_json


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


def _show(output: Output, report: Report) -> None:
    if output.as_json:
        output.document(_as_json(report))
        return
    damaged = report.examination.damaged_entities
    if damaged or report.examination.damaged_packs:
        packs = [(name, "missing, or not what was written")
                 for name in sorted(report.examination.damaged_packs)]  # fmt: skip
        output.table(("DAMAGED", "WHY"), [*packs, *((each.name, each.problem) for each in damaged)])
    if report.outcome is not None:
        if report.outcome.report.total:
            show_differences(output, report.outcome.report)
        show_results(output, report.outcome.results)
    if report.sound:
        output.say(f"{short(report.backup)} restores to what it was, but for declared losses.")
    else:
        output.say(f"The drill of {short(report.backup)} failed: {'; '.join(report.broken)}.")


def _as_json(report: Report) -> Json:
    outcome, found = report.outcome, report.examination
    return {
        "backup": report.backup,
        "sound": report.sound,
        "broken": report.broken,
        "damagedPacks": sorted(found.damaged_packs),
        "damagedEntities": [
            {"entity": each.name, "description": each.problem} for each in found.damaged_entities
        ],
        "differences": outcome.report.total if outcome else None,
        "undeclared": outcome.report.undeclared if outcome else None,
        "kinds": [result_as_json(result) for result in outcome.results] if outcome else [],
    }
