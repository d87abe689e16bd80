"""The acts of a drill over gRPC: restore, back up again, compare."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from sitekeep.backup.v1 import backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_cli.call import Call
from sitekeep_cli.comparison.model import Mode
from sitekeep_cli.comparison.run import Outcome, compare
from sitekeep_cli.demo.site import DestinationSite
from sitekeep_cli.demo.stage import DESTINATION
from sitekeep_cli.drill.stage import DrillStage
from sitekeep_cli.outcome import state_of
from sitekeep_cli.watching import result_of_followed
from sitekeep_shared.catalog.details import BackupDetails
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN


@dataclass
class Drill:
    """A drill while it goes on."""

    call: Call
    stage: DrillStage
    details: BackupDetails
    broken: list[str] = field(default_factory=list[str])
    identifier: str = field(default_factory=lambda: f"drill-{uuid.uuid4().hex[:8]}")
    """Of the product and its policy."""

    @property
    def parent(self) -> str:
        """The organization."""
        return self.call.organization

    def run(self) -> Outcome:
        """Restores, backs up again and compares.

        Raises:
            CommandError: the restore or the backup failed.
        """
        product = self._add_product()
        self._restore(product)
        again = self._back_up(self._add_policy(product))
        outcome = compare(self.call, self.details.backup, again, Mode.RESTORED)
        if outcome.report.undeclared:
            self.broken.append(f"{outcome.report.undeclared} differences that nothing declares")
        return outcome

    def _add_product(self) -> str:
        url = self.stage.url(DESTINATION)
        login = organization_pb2.Product.Credentials(email=ADMIN_EMAIL, api_token=ADMIN_TOKEN)
        if self.details.product_type == "CONFLUENCE":
            site = DestinationSite(url, ADMIN_EMAIL, ADMIN_TOKEN)
            for key in site.personal_spaces():
                site.delete_space(key)
        product = organization_pb2.Product(
            type=organization_pb2.Product.Type.Value(self.details.product_type),
            site_uri=url,
            credentials=login,
        )
        request = organization_pb2.CreateProductRequest(
            parent=self.parent, product_id=self.identifier, product=product
        )
        return self.call.organizations.CreateProduct(request).name

    def _add_policy(self, product: str) -> str:
        request = backup_policy_pb2.CreateBackupPolicyRequest(
            parent=self.parent,
            backup_policy_id=self.identifier,
            backup_policy=backup_policy_pb2.BackupPolicy(product=product),
        )
        return self.call.policies.CreateBackupPolicy(request).name

    def _restore(self, product: str) -> None:
        wanted = restore_pb2.Restore(
            backup=self.details.backup, product=product, allow_incomplete=True
        )
        request = restore_pb2.CreateRestoreRequest(parent=self.parent, restore=wanted)
        operation = self.call.restores.CreateRestore(request)
        result = result_of_followed(self.call, operation, "restore", silent=self._silent)
        assert isinstance(result, restore_pb2.Restore)
        self._expect_complete("restore", state_of(result))

    def _back_up(self, policy: str) -> str:
        request = backup_pb2.CreateBackupRequest(
            parent=self.parent, backup=backup_pb2.Backup(backup_policy=policy)
        )
        operation = self.call.backups.CreateBackup(request)
        result = result_of_followed(self.call, operation, "second backup", silent=self._silent)
        assert isinstance(result, backup_pb2.Backup)
        self._expect_complete("second backup", state_of(result))
        return result.name

    def _expect_complete(self, what: str, state: str) -> None:
        if state != "COMPLETE":
            self.broken.append(f"the {what} is {state}, not COMPLETE")

    @property
    def _silent(self) -> bool:
        return self.call.output.as_json
