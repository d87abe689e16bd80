"""Reading a Jira site into a backup."""

from sitekeep_backup.exporters.jira.coverage import COVERAGE
from sitekeep_backup.exporters.jira.exporter import EXPORTER

__all__ = ["COVERAGE", "EXPORTER"]
