"""What is looked at before a restore, for CheckRestore, CreateRestore and validate_only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep.backup.v1 import backup_pb2, organization_pb2
from sitekeep.restore.v1 import restore_pb2 as pb
from sitekeep_restore.backup_client import BackupClient
from sitekeep_restore.backup_facts import backup_facts
from sitekeep_restore.importers.confluence import emptiness as confluence_emptiness
from sitekeep_restore.importers.jira import emptiness as jira_emptiness
from sitekeep_shared import facts, failures, rules
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteError
from sitekeep_shared.atlassian.greeting import IMPATIENT
from sitekeep_shared.clock import Clock
from sitekeep_shared.credentials import open_credentials
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import SitekeepError, Violation
from sitekeep_shared.rpc.names import invalid, organization_of
from sitekeep_shared.secrets import SecretBox

FIND_CONTENT: Mapping[str, Callable[[SiteClient], Awaitable[list[Violation]]]] = {
    "JIRA": jira_emptiness.find_content,
    "CONFLUENCE": confluence_emptiness.find_content,
}


@dataclass(frozen=True)
class Preflight:
    """What was found out about a restore that somebody wants."""

    backup: backup_pb2.Backup
    target: facts.AnyRow
    outcomes: Sequence[rules.RuleOutcome]

    @property
    def refusal(self) -> SitekeepError | None:
        """What CreateRestore answers; None where it goes ahead."""
        return rules.first_refusal(self.outcomes)


class Inspector:
    """Asks the Backup service, the database and the destination, then the rules."""

    def __init__(
        self,
        database: Database,
        backups: BackupClient,
        secrets: SecretBox,
        clock: Clock,
        profile: rules.Profile,
    ) -> None:
        self._database = database
        self._backups = backups
        self._secrets = secrets
        self._clock = clock
        self._profile = profile

    async def inspect(self, parent: str, wanted: pb.Restore, *, every_rule: bool) -> Preflight:
        """Judges the restore. The destination is looked at only where no other rule refuses,
        unless every rule is asked for.

        Raises:
            NotFound: the backup or the product is not there.
            Unavailable: the Backup service or the destination does not answer.
        """
        organization = organization_of(parent)
        if organization_of(wanted.backup) != organization:
            raise invalid("restore.backup", f"is {wanted.backup}, of another organization.")
        backup = await self._backups.get(wanted.backup)
        async with self._database.read() as connection:
            target = await facts.product_row(connection, organization, wanted.product)
            outcomes = await self._outcomes(connection, organization, backup, target, wanted, None)
        comparable = backup.product_type == organization_pb2.Product.Type.Value(target.type)
        if not comparable or not (every_rule or rules.first_refusal(outcomes) is None):
            return Preflight(backup, target, outcomes)
        # The site may take its time, so no transaction stays open meanwhile.
        content = await self._content(target)
        async with self._database.read() as connection:
            outcomes = await self._outcomes(
                connection, organization, backup, target, wanted, content
            )
        return Preflight(backup, target, outcomes)

    async def _outcomes(
        self,
        connection: AsyncConnection,
        organization: str,
        backup: backup_pb2.Backup,
        target: facts.AnyRow,
        wanted: pb.Restore,
        content: Sequence[Violation] | None,
    ) -> list[rules.RuleOutcome]:
        owner = await facts.organization_row(connection, organization)
        last_restore = await facts.last_restore_time(connection, backup.uid)
        return rules.restore_outcomes(
            facts.organization_facts(owner),
            backup_facts(backup, last_restore),
            facts.product_facts(target),
            await facts.unfinished_operation(connection, target)
            or await facts.lock_facts(connection, target),
            content,
            wanted.allow_incomplete,
            self._profile,
            self._clock.now(),
        )

    async def _content(self, target: facts.AnyRow) -> list[Violation]:
        credentials = open_credentials(self._secrets, target)
        try:
            async with SiteClient(
                target.site_uri, credentials, clock=self._clock, policy=IMPATIENT
            ) as site:
                return await FIND_CONTENT[target.type](site)
        except SiteError as error:
            raise failures.translate(error) from error
