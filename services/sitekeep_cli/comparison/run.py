"""Compares two backups that servers hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sitekeep.backup.v1 import backup_pb2, organization_pb2
from sitekeep_cli.comparison.comparison import Comparison
from sitekeep_cli.comparison.model import Difference, KindResult, Mode
from sitekeep_cli.comparison.over_grpc import StreamedBackup
from sitekeep_cli.comparison.report import Report
from sitekeep_cli.comparison.shelf import Shelf
from sitekeep_cli.errors import UsageError
from sitekeep_shared import coverage

if TYPE_CHECKING:
    from sitekeep_cli.call import Call


@dataclass
class Outcome:
    """What a comparison came to."""

    mode: Mode
    report: Report
    results: list[KindResult]


def compare(
    call: Call,
    left_name: str,
    right_name: str,
    mode: Mode | None = None,
    *,
    each: Callable[[Difference], None] = lambda difference: None,
) -> Outcome:
    """Compares two backups; unless told, backups of two products are source and restored.

    Raises:
        UsageError: one is of Jira, the other of Confluence.
        grpc.RpcError: a server refuses.
    """
    left, right = _backup(call, left_name), _backup(call, right_name)
    if left.product_type != right.product_type:
        raise UsageError("One backup is of Jira, the other of Confluence.")
    jira = left.product_type == organization_pb2.Product.JIRA
    mode = mode or (Mode.SAME_SITE if left.product == right.product else Mode.RESTORED)
    report = Report()
    with Shelf() as shelf:
        rows = coverage.rows_of("jira" if jira else "confluence")
        comparison = Comparison(shelf, mode, rows)
        comparison.read(_streamed(call, left), _streamed(call, right), jira=jira)
        for difference in comparison.differences():
            report.take([difference])
            each(difference)
    return Outcome(mode, report, list(comparison.results.values()))


def _backup(call: Call, name: str) -> backup_pb2.Backup:
    return call.backups.GetBackup(backup_pb2.GetBackupRequest(name=name))


def _streamed(call: Call, backup: backup_pb2.Backup) -> StreamedBackup:
    request = organization_pb2.GetProductRequest(name=backup.product)
    product = call.organizations.GetProduct(request)
    return StreamedBackup(call.contents, backup.name, product.site_uri)
