"""The vault itself, for the verbs that run where the servers run and work without them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Generator
from typing import TYPE_CHECKING, Any, TypeVar

from sitekeep_cli.errors import CommandError
from sitekeep_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from sitekeep_shared.config import Settings
    from sitekeep_shared.vault.vault import Vault

T = TypeVar("T")


async def opened(settings: Settings) -> Vault:
    """The vault of the settings, which has to be there.

    Raises:
        VaultError: it is not there, or cannot be opened.
    """
    from sitekeep_shared.clock import SystemClock
    from sitekeep_shared.vault.opening import open_vault

    return await open_vault(settings, SystemClock())


async def chosen(vault: Vault, which: str) -> list[tuple[str, str]]:
    """The site and the id of the backup that is meant, or of every one that has not expired.

    Raises:
        CommandError: there is none.
        VaultError: the vault does not answer.
    """
    site, _, backup_id = which.rpartition("/")
    # Read from the names: a manifest that is damaged is a backup, too.
    found = [
        name
        for name in await vault.backup_names()
        if backup_id in ("", name[1]) and site in ("", name[0])
    ]
    if which and not found:
        raise CommandError(
            f"The vault holds no backup {which}. sitekeep vault list has those that there are.",
            ExitCode.NOT_FOUND,
        )
    return found


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs what a verb does with the vault.

    Raises:
        CommandError: the vault refuses.
    """
    from sitekeep_shared.memory import share_one_heap

    share_one_heap()
    with refusals():
        return asyncio.run(work)


@contextlib.contextmanager
def refusals() -> Generator[None]:
    """Turns what the vault refuses into the end of the command.

    Raises:
        CommandError: the vault refuses.
    """
    from sitekeep_shared.vault.errors import BackupNotFound, VaultError, VaultMissing

    try:
        yield
    except (BackupNotFound, VaultMissing) as error:
        raise CommandError(str(error), ExitCode.NOT_FOUND) from error
    except VaultError as error:
        raise CommandError(str(error)) from error
