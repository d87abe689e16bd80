"""Every table. ``migrations/`` creates them; a test keeps the two equal."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from sitekeep_shared.database.types import Instant, Json, Key

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

organization = Table(
    "organization",
    metadata,
    Column("id", Key, primary_key=True, doc="The last part of its resource name."),
    Column("display_name", Text, nullable=False),
    Column("enrolled", Boolean, nullable=False, doc="Whether it takes part in the closed beta."),
    Column("create_time", Instant, nullable=False),
    Column("update_time", Instant, nullable=False),
    Column("etag", Text, nullable=False),
    comment="A customer: it owns products, policies, backups and restores.",
)

admin = Table(
    "admin",
    metadata,
    Column(
        "organization", Key, ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("id", Key, primary_key=True, doc="The last part of its resource name."),
    Column("account_id", Text, nullable=False, doc="Who it is, as the caller proves it."),
    Column("display_name", Text, nullable=False),
    UniqueConstraint("organization", "account_id"),
    comment="Who may act for an organization.",
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Key, primary_key=True, doc="The last part of its resource name."),
    Column("account_id", Key, nullable=False, doc="Whom it stands for."),
    Column("display_name", Text, nullable=False),
    Column("secret_hash", Key, nullable=False, unique=True, doc="SHA-256 of the key, hex."),
    Column("create_time", Instant, nullable=False),
    Column("expire_time", Instant, doc="From then on it is refused; NULL = never."),
    Column("revoke_time", Instant, doc="NULL = it was not revoked."),
    Index(None, "account_id", "id"),
    comment="What callers prove an account with; the keys themselves are nowhere.",
)

product = Table(
    "product",
    metadata,
    Column("uid", Key, primary_key=True, doc="Never used again; names the lock and the vault."),
    Column("organization", Key, ForeignKey("organization.id"), nullable=False),
    Column("id", Key, nullable=False, doc="The last part of its resource name."),
    Column("type", Text, nullable=False, doc="JIRA or CONFLUENCE."),
    Column("display_name", Text, nullable=False),
    Column("site_uri", Text, nullable=False),
    Column("encryption", Text, nullable=False, doc="Who holds the key of the site's data."),
    Column("apps", Json, nullable=False, doc="Array of the apps that the site runs."),
    Column("credentials", LargeBinary, doc="Encrypted; NULL where none were given."),
    Column("create_time", Instant, nullable=False),
    Column("update_time", Instant, nullable=False),
    Column("etag", Text, nullable=False),
    UniqueConstraint("organization", "id"),
    comment="One Jira or one Confluence site of an organization.",
)

backup_policy = Table(
    "backup_policy",
    metadata,
    Column("uid", Key, primary_key=True),
    Column("organization", Key, ForeignKey("organization.id"), nullable=False),
    Column("id", Key, nullable=False, doc="The last part of its resource name."),
    Column("product_uid", Key, ForeignKey("product.uid"), nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("include_attachments", Boolean, nullable=False),
    Column("schedule", Text, nullable=False, doc="Empty where backups start by hand only."),
    Column("retention_seconds", BigInteger, doc="NULL takes what the profile says."),
    Column("create_time", Instant, nullable=False),
    Column("update_time", Instant, nullable=False),
    Column("etag", Text, nullable=False),
    UniqueConstraint("organization", "id"),
    comment="How a product is backed up; one per product.",
)

backup = Table(
    "backup",
    metadata,
    Column("uid", Key, primary_key=True),
    Column("organization", Key, nullable=False),
    Column("id", Key, nullable=False, doc="The last part of its resource name."),
    Column("policy", Text, nullable=False, doc="Resource name, as it was then."),
    Column("product_uid", Key, nullable=False, doc="No foreign key: a backup outlives it."),
    Column("product_name", Text, nullable=False, doc="Resource name, as it was then."),
    Column("product_type", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("final_state", Text, doc="What it ended in; stays when it expires."),
    Column("create_time", Instant, nullable=False),
    Column("end_time", Instant),
    Column("expire_time", Instant),
    Column("size_bytes", BigInteger, nullable=False, server_default="0"),
    Column("counts", Json, doc="Per kind; the form of sitekeep_shared.work.counts."),
    Column("issue_count", BigInteger, nullable=False, server_default="0"),
    Column("error", Json, doc="google.rpc.Status as JSON."),
    Column("operation", Key, nullable=False),
    Column("archive_digest", Text, doc="Root of the hash tree over what it holds, hex."),
    Column("manifest_key", Text, doc="Key of the manifest in the vault."),
    Column("release_time", Instant, doc="When its data was given up; NULL = it is kept."),
    Column("etag", Text, nullable=False),
    UniqueConstraint("organization", "id"),
    Index(None, "product_uid", "create_time"),
    Index(None, "state", "expire_time"),
    comment="A copy of a product, running, kept or gone.",
)

verification = Table(
    "verification",
    metadata,
    Column("number", Integer, primary_key=True, doc="Grows: a later one is a newer one."),
    Column("backup_uid", Key, nullable=False),
    Column("level", Integer, nullable=False, doc="sitekeep_shared.vault.levels.Level."),
    Column("sound", Boolean, nullable=False),
    Column("damage", Boolean, nullable=False, doc="Whether something in the vault is damaged."),
    Column("verify_time", Instant, nullable=False, doc="When it ended."),
    Index(None, "backup_uid", "number"),
    comment="What verifications found; their reports say more.",
)

hold = Table(
    "hold",
    metadata,
    Column("id", Key, primary_key=True),
    Column("backup_uid", Key, ForeignKey("backup.uid", ondelete="CASCADE"), nullable=False),
    Column("holder", Text, nullable=False, doc="Who reads, for example the name of a restore."),
    Column("expire_time", Instant, nullable=False, doc="From then on it is void."),
    UniqueConstraint("backup_uid", "holder"),
    comment="A promise that a backup stays readable.",
)

restore = Table(
    "restore",
    metadata,
    Column("uid", Key, primary_key=True),
    Column("organization", Key, nullable=False),
    Column("id", Key, nullable=False, doc="The last part of its resource name."),
    Column("backup_uid", Key, nullable=False),
    Column("backup_name", Text, nullable=False),
    Column("product_uid", Key, nullable=False, doc="The destination."),
    Column("product_name", Text, nullable=False),
    Column("options", Json, nullable=False, doc="What was asked for, and what it goes on from."),
    Column("state", Text, nullable=False),
    Column("create_time", Instant, nullable=False),
    Column("end_time", Instant),
    Column("counts", Json, doc="Per kind; the form of sitekeep_shared.work.counts."),
    Column("issue_count", BigInteger, nullable=False, server_default="0"),
    Column("error", Json, doc="google.rpc.Status as JSON."),
    Column("operation", Key, nullable=False),
    Column("etag", Text, nullable=False),
    UniqueConstraint("organization", "id"),
    Index(None, "backup_uid", "create_time"),
    Index(None, "product_uid", "create_time"),
    comment="What was brought back from a backup, or is being brought back.",
)

operation = Table(
    "operation",
    metadata,
    Column("id", Key, primary_key=True),
    Column("organization", Key, nullable=False),
    Column("kind", Text, nullable=False, doc="backup, restore or verification."),
    Column("resource_uid", Key, nullable=False, doc="Of the backup or the restore."),
    Column("resource_name", Text, nullable=False),
    Column("product_uid", Key, nullable=False, doc="Whose lock it needs; or a backup's."),
    Column("service", Text, nullable=False, doc="Which service runs it: backup or restore."),
    Column("state", Text, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("cancel_time", Instant, doc="When that was first asked for."),
    Column("finishing", Boolean, nullable=False, doc="All units are done; too late to cancel."),
    Column("fence", BigInteger, doc="Of the lock, when it was last adopted; NULL = never."),
    Column("phase", Text, nullable=False),
    Column("progress", Json, nullable=False, doc="sitekeep_shared.work.records.Progress."),
    Column("create_time", Instant, nullable=False),
    Column("update_time", Instant, nullable=False),
    Column("end_time", Instant),
    Column("revision", BigInteger, nullable=False, doc="Grows with every change."),
    Column("error", Json, doc="google.rpc.Status as JSON."),
    Column("arguments", Json, nullable=False, doc="What the request asked for."),
    Column("report", Json, doc="What a verification found."),
    CheckConstraint(
        "state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')", name="state"
    ),
    Index(None, "service", "state"),
    Index(None, "organization", "create_time"),
    Index(None, "product_uid", "state"),
    Index(None, "resource_uid", "kind"),
    comment="A long-running operation: a backup or a restore at work.",
)

unit = Table(
    "unit",
    metadata,
    Column("operation", Key, ForeignKey("operation.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Key, primary_key=True, doc="Unique in the operation; sorts."),
    Column("phase", Integer, nullable=False, doc="Starts when all lower phases are done."),
    Column("kind", Text, nullable=False, doc="Names the function that runs it."),
    Column("arguments", Json, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False, doc="Grows with every claim; guards the commit."),
    Column("failures", Integer, nullable=False, doc="Attempts that ended in an error."),
    Column("counts", Json, doc="What it counted, per kind."),
    Column("result", Json, doc="What its handler left for the end of the operation."),
    Column("error", Json, doc="Of the last attempt that failed."),
    CheckConstraint("state IN ('TODO', 'RUNNING', 'DONE', 'FAILED')", name="state"),
    Index(None, "operation", "state", "phase", "key"),
    comment="A piece of an operation that is done as a whole or done again.",
)

finding = Table(
    "finding",
    metadata,
    Column("operation", Key, ForeignKey("operation.id", ondelete="CASCADE"), primary_key=True),
    Column("unit_key", Key, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False, doc="From 0, in its unit."),
    Column("severity", Text, nullable=False, doc="warning or error."),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False, doc="The entity, as the users of the site know it."),
    Column("reason", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("count", BigInteger, nullable=False, doc="How many entities it stands for."),
    comment="One thing that did not go through.",
)

identity = Table(
    "identity",
    metadata,
    Column("operation", Key, ForeignKey("operation.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("source", Key, primary_key=True, doc="The id in the backup."),
    Column("target", Text, nullable=False, doc="The id on the site that is restored."),
    comment="Which id became which in a restore.",
)

operation_lock = Table(
    "operation_lock",
    metadata,
    Column("product", Key, primary_key=True, doc="The exclusion scope; never deleted."),
    Column("fence", BigInteger, nullable=False, doc="Only ever grows."),
    Column("holder", Text, doc="Process incarnation; NULL = free."),
    Column("kind", Text, doc="backup or restore."),
    Column("operation", Key, doc="Owns the lock, whichever process works for it."),
    Column("acquired_at_ms", BigInteger, nullable=False, doc="The database's clock."),
    Column("renewed_at_ms", BigInteger, nullable=False, doc="The database's clock."),
    Column("lease_until_ms", BigInteger, nullable=False, doc="The database's clock."),
    CheckConstraint("fence > 0", name="fence"),
    comment="One row per product: which operation may work on it.",
)

site_rate = Table(
    "site_rate",
    metadata,
    Column("site", Key, primary_key=True, doc="Site, endpoint class and method."),
    Column("arrival_us", BigInteger, nullable=False, doc="Theoretical arrival time."),
    Column("interval_us", BigInteger, nullable=False, doc="Between two requests."),
    Column("burst", Integer, nullable=False),
    Column("blocked_until_us", BigInteger, nullable=False),
    comment="The rate at which all processes together may ask a site. Reserved.",
)

request = Table(
    "request",
    metadata,
    Column("method", Key, primary_key=True),
    Column("request_id", Key, primary_key=True),
    Column("digest", Text, nullable=False, doc="Of the request; tells a repeat from a reuse."),
    Column("response", LargeBinary, nullable=False, doc="The serialized answer."),
    Column("create_time", Instant, nullable=False, index=True),
    comment="What was answered to requests that carried an id.",
)
