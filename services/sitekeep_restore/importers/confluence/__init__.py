"""Writes a Confluence site."""

from __future__ import annotations

from sitekeep_restore.importers.confluence.coverage import COVERAGE
from sitekeep_restore.importers.confluence.importer import IMPORTER

__all__ = ["COVERAGE", "IMPORTER"]
