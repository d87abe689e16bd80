"""The coverage table: what of each kind is backed up, what comes back, and what is lost.

Each exporter and importer package exports ``COVERAGE``, a sequence of rows; this
module collects them. Nothing else says what Sitekeep can and cannot do.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import importlib.util
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from sitekeep_shared.kinds import Kind

Product = Literal["jira", "confluence"]
Restored = Literal["exactly", "with loss", "not"]

MISSING = "missing"
"""The path of an item that the source has and the destination lacks."""

EXTRA = "extra"
"""The path of an item that the destination has and the source lacks."""

PACKAGES: Sequence[tuple[Product, str, str]] = (
    ("jira", "sitekeep_backup.exporters.jira", "sitekeep_restore.importers.jira"),
    (
        "confluence",
        "sitekeep_backup.exporters.confluence",
        "sitekeep_restore.importers.confluence",
    ),
)
"""Per product: the package that reads it and the package that writes it."""


@dataclass(frozen=True)
class CoverageRow:
    """What becomes of one kind of content of one product.

    An exporter's row needs ``backed_up`` only, an importer's row the others;
    :func:`table` puts the two together.
    """

    product: Product
    kind: Kind
    backed_up: str = ""
    """How it is read, in a few words; empty: it is not."""
    restored: Restored = "not"
    """``exactly``: equal in every compared path. ``not``: the backup holds it, no more."""
    loss: str = ""
    """What is lost and why, in one sentence; empty where nothing is."""
    lost_paths: tuple[str, ...] = ()
    """The paths of the canonical form that may differ, each with all below it.

    ``*`` stands for anything; :data:`MISSING` and :data:`EXTRA` for a whole item.
    """
    proven_by: str = "simulated site"
    """What the row was tested against."""

    def declares(self, path: str) -> bool:
        """Whether a difference at that path is a declared one."""
        if self.restored == "not":
            return True
        return bool(self.declaring(path))

    def declaring(self, path: str) -> Sequence[str]:
        """The lost paths that declare a difference at that path."""
        return [lost for lost in self.lost_paths if _pattern(lost).match(path) is not None]


@functools.cache
def _pattern(lost: str) -> re.Pattern[str]:
    expression = ".*".join(re.escape(part) for part in lost.split("*"))
    return re.compile(rf"{expression}(\..*)?$", re.DOTALL)


def _rows_of(package: str) -> Sequence[CoverageRow]:
    """The rows that a package exports; none where the package is not installed."""
    parent = package.rpartition(".")[0]
    if importlib.util.find_spec(parent) is None or importlib.util.find_spec(package) is None:
        return ()
    module = importlib.import_module(package)
    return cast(Sequence[CoverageRow], getattr(module, "COVERAGE", ()))


def _merged(read: Iterable[CoverageRow], written: Iterable[CoverageRow]) -> list[CoverageRow]:
    """One row per kind: how it is read from the exporter, the rest from the importer."""
    rows = {row.kind: row for row in read}
    for row in written:
        known = rows.get(row.kind)
        backed_up = (known.backed_up if known else "") or row.backed_up
        rows[row.kind] = dataclasses.replace(row, backed_up=backed_up)
    order = list(Kind)
    return sorted(rows.values(), key=lambda row: order.index(row.kind))


def table() -> Sequence[CoverageRow]:
    """Every row, Jira first, in the order of the kinds."""
    rows: list[CoverageRow] = []
    for _, exporter, importer in PACKAGES:
        rows.extend(_merged(_rows_of(exporter), _rows_of(importer)))
    return rows


def rows_of(product: Product) -> dict[Kind, CoverageRow]:
    """The rows of one product, by kind."""
    return {row.kind: row for row in table() if row.product == product}
