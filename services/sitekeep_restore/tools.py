"""What the work of the Restore service needs, whatever it is."""

from __future__ import annotations

from dataclasses import dataclass

from sitekeep_restore.backup_client import BackupClient
from sitekeep_shared.clock import Clock
from sitekeep_shared.database.engine import Database
from sitekeep_shared.secrets import SecretBox
from sitekeep_shared.vault.vault import Vault


@dataclass(frozen=True)
class Tools:
    """What every run needs."""

    database: Database
    vault: Vault
    backups: BackupClient
    secrets: SecretBox
    clock: Clock
