"""Bringing a backup of a Jira site back."""

from sitekeep_restore.importers.jira.coverage import COVERAGE
from sitekeep_restore.importers.jira.importer import IMPORTER

__all__ = ["COVERAGE", "IMPORTER"]
