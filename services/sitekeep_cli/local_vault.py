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


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs what a verb does with the vault.

    Raises:
        CommandError: the vault refuses.
    """
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
