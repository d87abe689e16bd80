"""Reads a Confluence site."""

from __future__ import annotations

from sitekeep_backup.exporters.confluence.coverage import COVERAGE
from sitekeep_backup.exporters.confluence.exporter import EXPORTER

__all__ = ["COVERAGE", "EXPORTER"]
