"""The files of one session: which are known, which are due, and the list for the next backup."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Sequence

from sitekeep_shared.clock import Clock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault import names
from sitekeep_shared.vault.earlier_backups import KnownFilesOfSite
from sitekeep_shared.vault.known_file import FileIdentity, FileOrigin, KnownFile, file_key
from sitekeep_shared.vault.known_files_object import encode_known_files
from sitekeep_shared.vault.own_object import put_own
from sitekeep_shared.vault.rereading import is_due
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store


class FileRegister:
    """Finds files by their identity and lists those that the backup holds."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        clock: Clock,
        *,
        origin: FileOrigin,
        backup_id: str,
        keeping: datetime.timedelta | None,
        known: KnownFilesOfSite,
    ) -> None:
        """``keeping`` is the time within which each file is fetched anew once; None: never."""
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._origin = origin
        self._backup_id = backup_id
        self._keeping = keeping
        self._table = known.table
        self._next_number = known.next_number
        self._held: list[KnownFile] = []

    def now(self) -> datetime.datetime:
        """The time to note for a file that is being fetched."""
        return self._clock.now()

    def key_of(self, kind: Kind, identity: FileIdentity) -> bytes:
        """The file key of an identity."""
        return file_key(self._sealer.blob_id_key, self._origin, kind, identity)

    def find(self, kind: Kind, identity: FileIdentity) -> KnownFile | None:
        """What is known of a file; the blobs may be gone, and it may be due."""
        return self._table.find(self.key_of(kind, identity), identity.size_bytes)

    def is_due(self, known: KnownFile) -> bool:
        """Whether a file is to be fetched anew."""
        if self._keeping is None:
            return False
        return is_due(known.fetched, self._clock.now(), known.file_key, self._keeping)

    def other_digest(self, fetched: KnownFile) -> str:
        """The SHA-256 that is known of a file just fetched, empty unless it is another one."""
        before = self._table.find(fetched.file_key, fetched.size_bytes)
        return before.sha256 if before and before.sha256 != fetched.sha256 else ""

    def hold(self, files: Sequence[KnownFile]) -> None:
        """Takes files whose blobs are staged or durable; the next list has them."""
        self._held.extend(files)

    def take_held(self) -> Sequence[KnownFile]:
        """The files since the last call: what they need was staged before the call."""
        held, self._held = self._held, []
        return held

    async def write(self, files: Sequence[KnownFile]) -> None:
        """Lists files whose blobs are durable.

        Raises:
            LeaseLost: another session of the same backup lists files.
            StoreUnavailable: the store does not take it.
        """
        if not files:
            return
        name = names.known_files_name(self._backup_id, self._next_number)
        data = await asyncio.to_thread(encode_known_files, self._sealer, name, files)
        await put_own(self._store, name, data)
        self._next_number += 1
