"""Operations as the database has them and as clients see them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.longrunning import operations_pb2
from sqlalchemy import Select, bindparam, select

from sitekeep_shared import facts
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.rpc import messages
from sitekeep_shared.rpc.names import (
    ID_PATTERN,
    identifier_of,
    invalid,
    organization_of,
    quoted,
)

LARGEST_QUESTION = 500
"""Operations that one statement asks for."""

_NAME = re.compile(rf"organizations/{ID_PATTERN}/operations/{ID_PATTERN}\Z")
_column = schema.operation.c
_ONE = select(schema.operation).where(
    _column.organization == bindparam("organization"), _column.id == bindparam("identifier")
)
_SOME = _column.id.in_(bindparam("identifiers", expanding=True))
_REVISIONS = select(_column.id, _column.revision).where(_SOME)
_ROWS = select(schema.operation).where(_SOME)


def _by_uid(table: Any) -> Select[Any]:
    return select(table).where(table.c.uid.in_(bindparam("uids", expanding=True)))


# What an operation of each kind made. A verification makes nothing but its report.
_RESOURCES = {"backup": _by_uid(schema.backup), "restore": _by_uid(schema.restore)}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An operation as it stood at one of its revisions."""

    revision: int
    message: operations_pb2.Operation

    @property
    def done(self) -> bool:
        """Whether nothing comes after it."""
        return self.message.done


class OperationStore:
    """Reads operations with the resources that they make."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def row(self, name: str) -> facts.AnyRow:
        """The row of an operation.

        Raises:
            InvalidRequest: the name is malformed.
            NotFound: there is none.
        """
        if not _NAME.match(name):
            raise invalid(
                "name",
                f"is {quoted(name)}; it has to be of the form "
                "organizations/{organization}/operations/{operation}.",
            )
        organization, identifier = organization_of(name), identifier_of(name)
        rows = await self.database.fetch(_ONE, organization=organization, identifier=identifier)
        if not rows:
            raise facts.not_found("Operation", name)
        return rows[0]

    async def snapshot(self, row: facts.AnyRow) -> Snapshot:
        """The operation as clients see it."""
        [found] = await self.snapshots([row])
        return found

    async def snapshots(self, rows: Sequence[facts.AnyRow]) -> list[Snapshot]:
        """As :meth:`snapshot`, with one question for all of a kind."""
        made = await self._resources(rows)
        return [
            Snapshot(row.revision, messages.operation(row, made.get(row.resource_uid)))
            for row in rows
        ]

    async def revisions(self, identifiers: Sequence[str]) -> dict[str, int]:
        """The revision of each operation, a number that grows with every change of it."""
        found: dict[str, int] = {}
        for some in _portions(identifiers):
            for row in await self.database.fetch(_REVISIONS, identifiers=some):
                found[row.id] = row.revision
        return found

    async def rows(self, identifiers: Sequence[str]) -> list[facts.AnyRow]:
        """The rows of the operations, in no order."""
        found: list[facts.AnyRow] = []
        for some in _portions(identifiers):
            found += await self.database.fetch(_ROWS, identifiers=some)
        return found

    async def _resources(self, rows: Sequence[facts.AnyRow]) -> Mapping[str, facts.AnyRow]:
        found: dict[str, facts.AnyRow] = {}
        for kind, statement in _RESOURCES.items():
            uids = [
                row.resource_uid for row in rows if row.kind == kind and row.state == "SUCCEEDED"
            ]
            for some in _portions(uids):
                made = await self.database.fetch(statement, uids=some)
                found |= {resource.uid: resource for resource in made}
        return found


def _portions(identifiers: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(identifiers), LARGEST_QUESTION):
        yield identifiers[start : start + LARGEST_QUESTION]
