"""Which source id became which target id in a restore, kept in the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database, insert_into
from sitekeep_shared.work.guarded import guarded
from sitekeep_shared.work.records import Operation

BATCH = 500

_identity = schema.identity.c


class DatabaseIdentities:
    """The identities of one operation. What was put is there after a crash too."""

    def __init__(self, database: Database, operation: Operation) -> None:
        self._database = database
        self._operation = operation

    async def get(self, kind: str, sources: Iterable[str]) -> dict[str, str]:
        """The target ids of those sources that have one."""
        wanted = list(dict.fromkeys(sources))
        found: dict[str, str] = {}
        async with self._database.read() as connection:
            for start in range(0, len(wanted), BATCH):
                chunk = wanted[start : start + BATCH]
                found.update(await self._read(connection, kind, chunk))
        return found

    async def _read(
        self, connection: AsyncConnection, kind: str, sources: list[str]
    ) -> dict[str, str]:
        statement = select(_identity.source, _identity.target).where(
            _identity.operation == self._operation.id,
            _identity.kind == kind,
            _identity.source.in_(sources),
        )
        return {row.source: row.target for row in await connection.execute(statement)}

    async def put(self, kind: str, pairs: Mapping[str, str]) -> None:
        """Keeps target ids at once; a source that has one already gets the new one.

        Raises LockLost.
        """
        if not pairs:
            return
        rows = [
            {"operation": self._operation.id, "kind": kind, "source": source, "target": target}
            for source, target in pairs.items()
        ]
        # Under the fence, not just for the operation: an older incarnation that wakes up must
        # not put its own entities in the place of those that the newer one has made.
        async with guarded(self._database, self._operation) as connection:
            statement = insert_into(connection, schema.identity)
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=[_identity.operation, _identity.kind, _identity.source],
                    set_={"target": statement.excluded.target},
                ),
                rows,
            )
