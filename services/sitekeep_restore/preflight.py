"""What is looked at before a restore, for CheckRestore, CreateRestore and validate_only."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep.backup.v1 import backup_pb2, organization_pb2
from sitekeep.restore.v1 import restore_pb2 as pb
from sitekeep_restore.backup_client import BackupClient
from sitekeep_restore.importers.confluence import emptiness as confluence_emptiness
from sitekeep_restore.importers.jira import emptiness as jira_emptiness
from sitekeep_shared import facts, failures, rules
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteError
from sitekeep_shared.atlassian.greeting import IMPATIENT
from sitekeep_shared.clock import Clock
from sitekeep_shared.credentials import open_credentials
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import Conflict, SitekeepError, Violation
from sitekeep_shared.rpc.names import invalid, organization_of
from sitekeep_shared.secrets import SecretBox, SecretsError
from sitekeep_shared.vault.errors import BackupNotFound, DamagedObject, StoreUnavailable
from sitekeep_shared.vault.names import split_backup_name
from sitekeep_shared.vault.vault import Vault

FIND_CONTENT: Mapping[str, Callable[[SiteClient], Awaitable[list[Violation]]]] = {
    "JIRA": jira_emptiness.find_content,
    "CONFLUENCE": confluence_emptiness.find_content,
}


ALREADY_REFUSED = rules.Unseen("another rule refuses already")


@dataclass(frozen=True)
class Sought:
    """The resources that a restore names: they exist."""

    organization: str
    backup: backup_pb2.Backup
    target: facts.AnyRow


@dataclass(frozen=True)
class Seen:
    """What was looked at outside of the database: it takes its time, so once."""

    packs: rules.StoredPacks | rules.Unseen
    content: rules.Content


_NOTHING = Seen(rules.Unseen(""), rules.Unseen(""))


@dataclass(frozen=True)
class Preflight:
    """What was found out about a restore that somebody wants."""

    sought: Sought
    seen: Seen
    outcomes: Sequence[rules.RuleOutcome]

    @property
    def refusal(self) -> SitekeepError | None:
        """What CreateRestore answers; None where it goes ahead."""
        return rules.first_refusal(self.outcomes)


class Inspector:
    """Asks the Backup service, the database, the vault and the destination, then the rules."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        backups: BackupClient,
        secrets: SecretBox,
        clock: Clock,
        profile: rules.Profile,
    ) -> None:
        self._database = database
        self._vault = vault
        self._backups = backups
        self._secrets = secrets
        self._clock = clock
        self._profile = profile

    async def find(self, parent: str, wanted: pb.Restore) -> Sought:
        """Looks up what the restore names.

        Raises:
            NotFound: the backup or the product is not there.
            InvalidRequest: the backup is another organization's.
            Unavailable: the Backup service does not answer.
        """
        organization = organization_of(parent)
        if organization_of(wanted.backup) != organization:
            raise invalid("restore.backup", f"is {wanted.backup}, of another organization.")
        backup = await self._backups.get(wanted.backup)
        async with self._database.read() as connection:
            target = await facts.product_row(connection, organization, wanted.product)
        return Sought(organization, backup, target)

    async def inspect(self, sought: Sought, wanted: pb.Restore, *, every_rule: bool) -> Preflight:
        """Judges the restore. The vault and then the destination are looked at only where no
        other rule refuses, unless every rule is asked for.

        Raises:
            Unavailable: the vault or the destination does not answer, and nothing else refuses
                the restore.
        """
        outcomes = await self._judge(sought, wanted, _NOTHING)
        refused = rules.first_refusal(outcomes) is not None
        # The vault and the site may take their time, so no transaction stays open meanwhile.
        packs = await self._packs(sought.backup, refused=refused, every_rule=every_rule)
        outcomes = await self._judge(sought, wanted, Seen(packs, _NOTHING.content))
        refused = rules.first_refusal(outcomes) is not None
        content = await self._content(sought, refused=refused, every_rule=every_rule)
        seen = Seen(packs, content)
        return Preflight(sought, seen, await self._judge(sought, wanted, seen))

    async def _judge(
        self, sought: Sought, wanted: pb.Restore, seen: Seen
    ) -> list[rules.RuleOutcome]:
        async with self._database.read() as connection:
            return await self.judge(connection, sought, wanted, seen, self._clock.now())

    async def judge(
        self,
        connection: AsyncConnection,
        sought: Sought,
        wanted: pb.Restore,
        seen: Seen,
        now: datetime.datetime,
    ) -> list[rules.RuleOutcome]:
        """What every rule says, by what the database holds in this transaction.

        Raises:
            Conflict: the product is another site than the one that was looked at.
        """
        owner = await facts.organization_row(connection, sought.organization)
        target = await facts.product_row(connection, sought.organization, wanted.product)
        _refuse_another_site(sought.target, target)
        # An operation that ends meanwhile is seen as running or by what it left.
        busy = await facts.busy_with(connection, target)
        backup = await facts.shown_backup_in(connection, wanted.backup)
        return rules.restore_outcomes(
            facts.organization_facts(owner),
            facts.shown_backup_facts(backup, self._profile),
            facts.product_facts(target),
            busy,
            seen.packs,
            seen.content,
            rules.RestoreScope(wanted.allow_incomplete, wanted.skip_attachments, wanted.salvage),
            self._profile,
            now,
        )

    async def _packs(
        self, backup: backup_pb2.Backup, *, refused: bool, every_rule: bool
    ) -> rules.StoredPacks | rules.Unseen:
        if not backup.manifest_key:
            return rules.Unseen(f"nothing of {backup.name} is in the vault")
        if refused and not every_rule:
            return ALREADY_REFUSED
        try:
            return await stored_packs(self._vault, backup.manifest_key)
        except StoreUnavailable as error:
            if not refused:
                raise failures.translate(error) from error
            return rules.Unseen(str(error))

    async def _content(self, sought: Sought, *, refused: bool, every_rule: bool) -> rules.Content:
        if refused and not every_rule:
            return ALREADY_REFUSED
        kind = organization_pb2.Product.Type.Name(sought.backup.product_type)
        if kind != sought.target.type:
            return rules.Unseen(f"a backup of {kind} does not go there anyway")
        try:
            return await self._find_content(sought.target)
        except SitekeepError as error:
            if not refused:
                raise
            return rules.Unseen(error.message)

    async def _find_content(self, target: facts.AnyRow) -> list[Violation]:
        try:
            credentials = open_credentials(self._secrets, target)
            async with SiteClient(
                target.site_uri, credentials, clock=self._clock, policy=IMPATIENT
            ) as site:
                return await FIND_CONTENT[target.type](site)
        except (SiteError, SecretsError) as error:
            raise failures.translate(error) from error


async def stored_packs(vault: Vault, manifest_key: str) -> rules.StoredPacks:
    """What there is of a backup in the vault, in the words of the rules.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    try:
        found = await vault.check(*split_backup_name(manifest_key))
    except (DamagedObject, BackupNotFound) as error:
        return rules.StoredPacks(0, unreadable=str(error))
    return rules.StoredPacks(found.pack_count, found.missing_packs, found.resized_packs)


def _refuse_another_site(seen: facts.AnyRow, now: facts.AnyRow) -> None:
    if (seen.uid, seen.site_uri) == (now.uid, now.site_uri):
        return
    name = facts.product_facts(now).name
    raise Conflict(
        "ETAG_MISMATCH",
        f"{name} changed while it was looked at. Repeat the call.",
        {"name": name, "etag": now.etag},
    )
