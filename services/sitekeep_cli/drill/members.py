"""The people of a backup as members of the simulated site: accounts are the same on every site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_simulator.accounts import Account
from sitekeep_simulator.site import SimulatedSite


async def accounts_of(backup: BackupReader) -> list[Account]:
    """Every account that the backup holds.

    Raises:
        DamagedObject: something is missing or altered; it is named.
    """
    found: list[Account] = []
    async for entry in backup.entries(Kind.USER):
        user: dict[str, Any] = msgspec.json.decode(await backup.read(entry))
        found.append(_account(user))
    return found


def _account(user: dict[str, Any]) -> Account:
    identifier = str(user["accountId"])
    email = str(user.get("emailAddress") or user.get("email") or "")
    return Account(
        identifier,
        email or f"{identifier}@people.invalid",
        str(user.get("displayName") or user.get("publicName") or identifier),
        bool(user.get("active", True)),
        str(user.get("accountType") or "atlassian"),
        email_hidden=not email,
    )


def add_members(name: str, folder: Path, accounts: list[Account]) -> None:
    """Makes the site that is to be served from the folder, with these members."""
    site = SimulatedSite.in_folder(name, folder)
    try:
        site.accounts.add_many(accounts)
    finally:
        site.close()
