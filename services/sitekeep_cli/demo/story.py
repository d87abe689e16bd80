"""The acts of the demonstration. All that Sitekeep does in it, it does over gRPC."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field

import grpc

from sitekeep.backup.v1 import backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep.type.v1 import content_pb2
from sitekeep_cli import failures, paging, wording
from sitekeep_cli.call import Call
from sitekeep_cli.commands.issues import show_contents, show_issues
from sitekeep_cli.commands.restore import show_findings
from sitekeep_cli.comparison.model import Mode
from sitekeep_cli.comparison.report import show_differences
from sitekeep_cli.comparison.run import Outcome, compare
from sitekeep_cli.demo.site import DestinationSite
from sitekeep_cli.demo.stage import DESTINATION, SOURCE, Stage
from sitekeep_cli.names import short
from sitekeep_cli.outcome import state_of
from sitekeep_cli.watching import result_of_followed
from sitekeep_shared.clock import SystemClock

ORGANIZATION = "organizations/acme"
TYPES = {
    "jira": organization_pb2.Product.JIRA,
    "confluence": organization_pb2.Product.CONFLUENCE,
}


@dataclass
class Story:
    """The demonstration while it goes on, and what it came to."""

    call: Call
    stage: Stage
    email: str
    token: str
    outcomes: dict[str, Outcome] = field(default_factory=dict[str, Outcome])
    broken: list[str] = field(default_factory=list[str])
    """What did not hold, in words."""
    _act: int = 0
    _backups: dict[str, str] = field(default_factory=dict[str, str])

    def run(self) -> None:
        """All acts in their order."""
        self.set_up()
        for kind in TYPES:
            self._backups[kind] = self.back_up(kind, SOURCE)
        self.clear_destination()
        for kind in TYPES:
            self.restore(kind)
        for kind in TYPES:
            again = self.back_up(kind, DESTINATION)
            self.compare(kind, again)
        self.back_up_too_soon()

    def tell(self, text: str) -> None:
        """Says what happens, beside the answer where that is JSON."""
        output = self.call.output
        console = output.remarks if output.as_json else output.console
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    def act(self, title: str) -> None:
        """Begins an act."""
        self._act += 1
        self.tell(f"\n── {self._act}. {title}")

    def expect(self, holds: bool, what: str) -> None:
        """Notes what does not hold; the demonstration goes on and ends as failed."""
        if not holds:
            self.broken.append(what)
            self.tell(f"   NOT AS IT SHOULD BE: {what}")

    def set_up(self) -> None:
        """An enrolled organization, the products of both sites and their policies."""
        self.act("An organization, four products, a policy for each")
        self.call.organizations.CreateOrganization(
            organization_pb2.CreateOrganizationRequest(
                organization_id=short(ORGANIZATION),
                organization=organization_pb2.Organization(display_name="Acme", enrolled=True),
                request_id=str(uuid.uuid4()),
            )
        )
        for site in (SOURCE, DESTINATION):
            for kind in TYPES:
                self._add_product(kind, site)
                self._add_policy(kind, site)
                self.tell(f"   {kind}-{site} at {self.stage.url(site)}")

    def _add_product(self, kind: str, site: str) -> None:
        product = organization_pb2.Product(
            type=TYPES[kind],
            site_uri=self.stage.url(site),
            display_name=f"{kind.title()} of {site}",
            credentials=organization_pb2.Product.Credentials(
                email=self.email, api_token=self.token
            ),
        )
        self.call.organizations.CreateProduct(
            organization_pb2.CreateProductRequest(
                parent=ORGANIZATION,
                product_id=f"{kind}-{site}",
                product=product,
                request_id=str(uuid.uuid4()),
            )
        )

    def _add_policy(self, kind: str, site: str) -> None:
        policy = backup_policy_pb2.BackupPolicy(product=_product(kind, site))
        self.call.policies.CreateBackupPolicy(
            backup_policy_pb2.CreateBackupPolicyRequest(
                parent=ORGANIZATION,
                backup_policy_id=f"{kind}-{site}",
                backup_policy=policy,
                request_id=str(uuid.uuid4()),
            )
        )

    def back_up(self, kind: str, site: str) -> str:
        """Backs a product up and answers the name of the backup."""
        self.act(f"Back up {kind} of {site}")
        since = time.monotonic()
        operation = self.call.backups.CreateBackup(_backup_request(kind, site))
        backup = result_of_followed(self.call, operation, f"backup of {kind}")
        assert isinstance(backup, backup_pb2.Backup)
        self._finished(backup, since)
        self.tell(f"   {wording.size(backup.size_bytes)} in the vault, encrypted.")
        if backup.state == backup_pb2.Backup.INCOMPLETE:
            self._explain_incomplete(backup)
        return backup.name

    def _finished(self, result: backup_pb2.Backup | restore_pb2.Restore, since: float) -> None:
        seconds = time.monotonic() - since
        self.tell(f"   {short(result.name)}: {state_of(result)} after {seconds:.1f} s")
        if not self.call.output.as_json:
            show_contents(self.call.output, result.contents)

    def _explain_incomplete(self, backup: backup_pb2.Backup) -> None:
        """A site can list what it cannot give: such items are named, each of them."""
        request = backup_pb2.ListBackupIssuesRequest(parent=backup.name)
        found = paging.whole(self.call.backups.ListBackupIssues, request).issues
        errors = [issue for issue in found if issue.severity == content_pb2.Issue.ERROR]
        self.tell("   INCOMPLETE: the site listed what it does not give. By name:")
        if not self.call.output.as_json:
            show_issues(self.call.output, errors)
        missing = sum(count.missing_count for count in backup.contents)
        named = sum(max(issue.count, 1) for issue in errors)
        self.expect(missing == named > 0, f"{missing} are missing and {named} are named")

    def clear_destination(self) -> None:
        """The rule refuses a site with a default personal space; it is deleted there."""
        self.act("A destination that is not empty is refused")
        answer = self._check("confluence")
        self._show(answer)
        reasons = {failures.of_status(one.status).reason for one in answer.findings}
        self.expect(
            not answer.allowed and "TARGET_NOT_EMPTY" in reasons,
            "the default personal space of the destination was not refused",
        )
        site = DestinationSite(self.stage.url(DESTINATION), self.email, self.token)
        for key in site.personal_spaces():
            self.tell(f"   DELETE /wiki/rest/api/space/{key} on the destination")
            site.delete_space(key)
        for kind in TYPES:
            self.expect(self._check(kind).allowed, f"{kind} may not be restored")

    def _check(self, kind: str) -> restore_pb2.CheckRestoreResponse:
        request = restore_pb2.CheckRestoreRequest(parent=ORGANIZATION, restore=self._wanted(kind))
        return self.call.restores.CheckRestore(request)

    def _show(self, answer: restore_pb2.CheckRestoreResponse) -> None:
        if not self.call.output.as_json:
            show_findings(self.call, answer)

    def _wanted(self, kind: str) -> restore_pb2.Restore:
        return restore_pb2.Restore(
            backup=self._backups[kind],
            product=_product(kind, DESTINATION),
            allow_incomplete=True,
        )

    def restore(self, kind: str) -> None:
        """Restores the backup of the source into the destination."""
        self.act(f"Restore {kind} into {DESTINATION}")
        since = time.monotonic()
        operation = self.call.restores.CreateRestore(
            restore_pb2.CreateRestoreRequest(
                parent=ORGANIZATION, restore=self._wanted(kind), request_id=str(uuid.uuid4())
            )
        )
        result = result_of_followed(self.call, operation, f"restore of {kind}")
        assert isinstance(result, restore_pb2.Restore)
        self._finished(result, since)
        state = state_of(result)
        self.expect(state == "COMPLETE", f"the restore of {kind} is {state}, not COMPLETE")

    def compare(self, kind: str, again: str) -> None:
        """Compares the backup of the source with the one of what was restored."""
        self.act(f"Compare both backups of {kind}, item by item")
        outcome = compare(self.call, self._backups[kind], again, Mode.RESTORED)
        self.outcomes[kind] = outcome
        if not self.call.output.as_json and outcome.report.total:
            show_differences(self.call.output, outcome.report)
        undeclared = outcome.report.undeclared
        self.tell(f"   {outcome.report.total} differences, {undeclared} of them undeclared.")
        self.expect(not undeclared, f"{kind}: {undeclared} differences that nothing declares")

    def back_up_too_soon(self) -> None:
        """The rule refuses a second backup within the window of a complete one."""
        self.act("A second backup so soon is refused")
        try:
            self.call.backups.CreateBackup(_backup_request("confluence", SOURCE))
        except grpc.RpcError as error:
            failure = failures.of_call(error)
            self.tell(failures.paragraph(failure, SystemClock()))
            self.expect(failure.reason == "BACKUP_TOO_SOON", f"refused for {failure.reason}")
        else:
            self.expect(False, "a second backup was allowed")


def _product(kind: str, site: str) -> str:
    return f"{ORGANIZATION}/products/{kind}-{site}"


def _backup_request(kind: str, site: str) -> backup_pb2.CreateBackupRequest:
    policy = f"{ORGANIZATION}/backupPolicies/{kind}-{site}"
    return backup_pb2.CreateBackupRequest(
        parent=ORGANIZATION,
        backup=backup_pb2.Backup(backup_policy=policy),
        request_id=str(uuid.uuid4()),
    )
