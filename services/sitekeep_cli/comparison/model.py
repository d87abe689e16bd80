"""The words of the comparison."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sitekeep_shared.kinds import Kind

Json = Any
"""A JSON value."""


class Mode(enum.StrEnum):
    """What the right backup is to the left one."""

    SAME_SITE = "same-site"
    """Two states of one site: authors and dates are compared as they are."""

    RESTORED = "restored"
    """The right one is of the site that the left one was restored into.

    The lines that name the original author and date are checked against the left
    side, then taken out of the text that is compared.
    """


class Side(enum.IntEnum):
    """Which of the two backups."""

    LEFT = 0
    RIGHT = 1


@dataclass(frozen=True)
class Record:
    """One entity of a backup."""

    kind: Kind
    key: str
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    size_bytes: int = 0
    digest: str = ""
    payload: bytes = b""


class Backup(Protocol):
    """A backup that can be read."""

    @property
    def site_uri(self) -> str:
        """The address of the site; addresses below it are compared without it."""
        ...

    def records(self, kind: Kind) -> Iterator[Record]:
        """Every entity of the kind."""
        ...


@dataclass(frozen=True)
class Difference:
    """One path of one item in which the two sides differ."""

    kind: Kind
    item: str
    """The item by a name that both sites know: ``ALOY-12``, ``DOCS/Welcome #2``."""
    path: str
    """Where in its canonical form; ``missing`` and ``extra`` for a whole item."""
    left: Json
    right: Json
    declared_by: str = ""
    """What the coverage table says about it; empty: nothing declares it."""

    @property
    def declared(self) -> bool:
        """Whether the coverage table says that this may differ."""
        return bool(self.declared_by)


@dataclass
class KindResult:
    """What became of the items of one kind."""

    kind: Kind
    source: int = 0
    exact: int = 0
    declared: int = 0
    """Present on both sides, every difference declared."""
    undeclared: int = 0
    """Present on both sides with a difference that nothing declares."""
    missing: int = 0
    missing_declared: int = 0
    extra: int = 0
    extra_declared: int = 0
    same_bytes: int = 0
    """Files: equal SHA-256 and size."""

    @property
    def held(self) -> bool:
        """Whether nothing undeclared was found."""
        return not (self.undeclared or self.missing or self.extra)
