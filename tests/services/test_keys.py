"""The key of the vault: made once, never replaced."""

from __future__ import annotations

import pytest

from sitekeep_backup.server import BackupServer
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import Settings
from sitekeep_shared.vault.errors import WrongKey


async def test_a_vault_whose_key_file_is_gone_is_refused_and_no_new_key_is_made(
    settings: Settings, clock: ManualClock
) -> None:
    async with BackupServer(settings, clock):
        pass
    settings.key_file.unlink()

    with pytest.raises(WrongKey, match="Put your copy of it back"):
        async with BackupServer(settings, clock):
            pass

    assert not settings.key_file.exists()
