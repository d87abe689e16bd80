"""The stores of vaults: proving one, and copying the vault from one to another."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sitekeep_cli import local_vault
from sitekeep_cli.errors import UsageError

if TYPE_CHECKING:
    from sitekeep_cli.output import Output
    from sitekeep_shared.config import Settings
    from sitekeep_shared.vault.copy_report import CopyReport
    from sitekeep_shared.vault.location import VaultLocation
    from sitekeep_shared.vault.probe import Finding

_BACKUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}/[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


def location_of(text: str) -> VaultLocation:
    """A location, as it was typed.

    Raises:
        UsageError: it is none.
    """
    from sitekeep_shared.vault.location import parse_location

    try:
        return parse_location(text)
    except ValueError as error:
        raise UsageError(str(error)) from error


async def probe(location: VaultLocation) -> list[Finding]:
    """What a store guarantees.

    Raises:
        StoreUnavailable: it does not answer.
    """
    from sitekeep_shared.clock import SystemClock
    from sitekeep_shared.vault.location import FolderLocation
    from sitekeep_shared.vault.opening import store_at
    from sitekeep_shared.vault.probe import Probe

    folder = location.folder if isinstance(location, FolderLocation) else None
    was_there = folder is None or await asyncio.to_thread(folder.exists)
    try:
        return await Probe(store_at(location), SystemClock()).whole()
    finally:
        if folder is not None:
            await asyncio.to_thread(_remove_what_is_empty, folder, was_there=was_there)


def _remove_what_is_empty(folder: Path, *, was_there: bool) -> None:
    """A store has objects only; the folders of those that are removed stay."""
    from sitekeep_shared.vault import names

    probes = folder / names.PROBES
    below = [path for path in probes.rglob("*") if path.is_dir()]
    mine = [*sorted(below, reverse=True), probes]
    if not was_there:
        mine += [path for path in folder.iterdir() if path.is_dir()] + [folder]
    for path in mine:
        with contextlib.suppress(OSError):
            path.rmdir()


def show_findings(output: Output, location: VaultLocation, findings: Sequence[Finding]) -> bool:
    """Prints what a probe found; whether a vault can be kept there."""
    from sitekeep_shared.vault.probe import Outcome

    is_suitable = all(finding.outcome is not Outcome.BROKEN for finding in findings)
    if output.as_json:
        found = [dataclasses.asdict(finding) for finding in findings]
        output.document({"location": str(location), "suitable": is_suitable, "findings": found})
        return is_suitable
    output.table(
        ("GUARANTEE", "OUTCOME", "SEEN", "WHAT TO DO"),
        [[one.guarantee, one.outcome, one.detail or "-", one.advice or "-"] for one in findings],
        title=f"What {location} guarantees",
    )
    output.say("A vault can be kept there." if is_suitable else "No vault can be kept there.")
    return is_suitable


def backups_of(texts: Sequence[str]) -> list[str] | None:
    """The backups that are asked for, None where all are.

    Raises:
        UsageError: one is not ``SITE/BACKUP``.
    """
    for text in texts:
        if not _BACKUP.fullmatch(text):
            raise UsageError(
                f"--backup {text!r}: it has to be SITE/BACKUP, as `sitekeep vault list` shows them."
            )
    return list(texts) or None


async def copy(
    settings: Settings,
    destination: VaultLocation,
    backups: Sequence[str] | None,
    *,
    heal: bool,
    tell: Callable[[str], None],
) -> CopyReport:
    """Makes or updates a copy.

    Raises:
        UsageError: the destination is the vault itself.
        StoreUnsuitable: a new copy was to be made where no vault can be kept.
        VaultError: the vault or the copy refuses.
    """
    from sitekeep_shared.clock import SystemClock
    from sitekeep_shared.vault.copying import CopyOrder
    from sitekeep_shared.vault.opening import store_for_copy

    if destination == settings.vault_location:
        raise UsageError(f"{destination} is the vault itself; a copy belongs elsewhere.")
    vault = await local_vault.opened(settings)
    store = await store_for_copy(destination, SystemClock())
    return await vault.copy_to(store, CopyOrder(backups, heal, tell))


def show_copy(output: Output, destination: VaultLocation, report: CopyReport) -> None:
    """Prints what came of a copy."""
    if output.as_json:
        output.document({**dataclasses.asdict(report), "complete": report.is_complete})
        return
    output.facts(
        [
            ("copy", str(destination)),
            ("new backups", ", ".join(report.copied_backups)),
            ("backups that were there", str(report.present_backups)),
            ("backups that expire there now", str(report.expired_backups)),
            ("objects transferred", f"{report.copied_objects} ({report.copied_bytes} bytes)"),
            ("healed", ", ".join(report.healed)),
        ]
    )
    for said in report.damaged:
        output.say(said)
    for left in report.left_out:
        output.say(f"{left.backup} is not in the copy: {left.reason}.")
    if report.is_complete:
        output.say("The copy holds everything that it was to hold.")
