"""The first schema."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Key = Text().with_variant(Text(collation="C"), "postgresql")
Json = JSON(none_as_null=True)
Instant = BigInteger


def upgrade() -> None:
    """Creates every table."""
    _create_organization()
    _create_admin()
    _create_product()
    _create_backup_policy()
    _create_backup()
    _create_hold()
    _create_restore()
    _create_operation()
    _create_unit()
    _create_finding()
    _create_identity()
    _create_operation_lock()
    _create_site_rate()
    _create_request()


def _create_organization() -> None:
    op.create_table(
        "organization",
        Column("id", Key, primary_key=True),
        Column("display_name", Text, nullable=False),
        Column("enrolled", Boolean, nullable=False),
        Column("create_time", Instant, nullable=False),
        Column("update_time", Instant, nullable=False),
        Column("etag", Text, nullable=False),
        comment="A customer: it owns products, policies, backups and restores.",
    )


def _create_admin() -> None:
    op.create_table(
        "admin",
        Column(
            "organization", Key, ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True
        ),
        Column("id", Key, primary_key=True),
        Column("account_id", Text, nullable=False),
        Column("display_name", Text, nullable=False),
        UniqueConstraint("organization", "account_id"),
        comment="Who may act for an organization.",
    )


def _create_product() -> None:
    op.create_table(
        "product",
        Column("uid", Key, primary_key=True),
        Column("organization", Key, ForeignKey("organization.id"), nullable=False),
        Column("id", Key, nullable=False),
        Column("type", Text, nullable=False),
        Column("display_name", Text, nullable=False),
        Column("site_uri", Text, nullable=False),
        Column("encryption", Text, nullable=False),
        Column("apps", Json, nullable=False),
        Column("credentials", LargeBinary),
        Column("create_time", Instant, nullable=False),
        Column("update_time", Instant, nullable=False),
        Column("etag", Text, nullable=False),
        UniqueConstraint("organization", "id"),
        comment="One Jira or one Confluence site of an organization.",
    )


def _create_backup_policy() -> None:
    op.create_table(
        "backup_policy",
        Column("uid", Key, primary_key=True),
        Column("organization", Key, ForeignKey("organization.id"), nullable=False),
        Column("id", Key, nullable=False),
        Column("product_uid", Key, ForeignKey("product.uid"), nullable=False, unique=True),
        Column("display_name", Text, nullable=False),
        Column("include_attachments", Boolean, nullable=False),
        Column("schedule", Text, nullable=False),
        Column("retention_seconds", BigInteger),
        Column("create_time", Instant, nullable=False),
        Column("update_time", Instant, nullable=False),
        Column("etag", Text, nullable=False),
        UniqueConstraint("organization", "id"),
        comment="How a product is backed up; one per product.",
    )


def _create_backup() -> None:
    op.create_table(
        "backup",
        Column("uid", Key, primary_key=True),
        Column("organization", Key, nullable=False),
        Column("id", Key, nullable=False),
        Column("policy", Text, nullable=False),
        Column("product_uid", Key, nullable=False),
        Column("product_name", Text, nullable=False),
        Column("product_type", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("final_state", Text),
        Column("create_time", Instant, nullable=False),
        Column("end_time", Instant),
        Column("expire_time", Instant),
        Column("size_bytes", BigInteger, nullable=False, server_default="0"),
        Column("counts", Json),
        Column("issue_count", BigInteger, nullable=False, server_default="0"),
        Column("error", Json),
        Column("operation", Key, nullable=False),
        Column("archive_digest", Text),
        Column("manifest_key", Text),
        Column("last_verified_time", Instant),
        Column("etag", Text, nullable=False),
        UniqueConstraint("organization", "id"),
        comment="A copy of a product, running, kept or gone.",
    )
    op.create_index("ix_backup_product_uid_create_time", "backup", ["product_uid", "create_time"])
    op.create_index("ix_backup_state_expire_time", "backup", ["state", "expire_time"])


def _create_hold() -> None:
    op.create_table(
        "hold",
        Column("id", Key, primary_key=True),
        Column("backup_uid", Key, ForeignKey("backup.uid", ondelete="CASCADE"), nullable=False),
        Column("holder", Text, nullable=False),
        Column("expire_time", Instant, nullable=False),
        UniqueConstraint("backup_uid", "holder"),
        comment="A promise that a backup stays readable.",
    )


def _create_restore() -> None:
    op.create_table(
        "restore",
        Column("uid", Key, primary_key=True),
        Column("organization", Key, nullable=False),
        Column("id", Key, nullable=False),
        Column("backup_uid", Key, nullable=False),
        Column("backup_name", Text, nullable=False),
        Column("product_uid", Key, nullable=False),
        Column("product_name", Text, nullable=False),
        Column("options", Json, nullable=False),
        Column("state", Text, nullable=False),
        Column("create_time", Instant, nullable=False),
        Column("end_time", Instant),
        Column("counts", Json),
        Column("issue_count", BigInteger, nullable=False, server_default="0"),
        Column("error", Json),
        Column("operation", Key, nullable=False),
        Column("etag", Text, nullable=False),
        UniqueConstraint("organization", "id"),
        comment="What was brought back from a backup, or is being brought back.",
    )
    op.create_index("ix_restore_backup_uid_create_time", "restore", ["backup_uid", "create_time"])
    op.create_index("ix_restore_product_uid_create_time", "restore", ["product_uid", "create_time"])


def _create_operation() -> None:
    op.create_table(
        "operation",
        Column("id", Key, primary_key=True),
        Column("organization", Key, nullable=False),
        Column("kind", Text, nullable=False),
        Column("resource_uid", Key, nullable=False),
        Column("resource_name", Text, nullable=False),
        Column("product_uid", Key, nullable=False),
        Column("service", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("cancel_requested", Boolean, nullable=False),
        Column("finishing", Boolean, nullable=False),
        Column("fence", BigInteger),
        Column("phase", Text, nullable=False),
        Column("progress", Json, nullable=False),
        Column("create_time", Instant, nullable=False),
        Column("update_time", Instant, nullable=False),
        Column("end_time", Instant),
        Column("revision", BigInteger, nullable=False),
        Column("error", Json),
        Column("arguments", Json, nullable=False),
        CheckConstraint(
            "state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')", name="state"
        ),
        comment="A long-running operation: a backup or a restore at work.",
    )
    op.create_index("ix_operation_service_state", "operation", ["service", "state"])
    op.create_index(
        "ix_operation_organization_create_time", "operation", ["organization", "create_time"]
    )
    op.create_index("ix_operation_product_uid_state", "operation", ["product_uid", "state"])


def _create_unit() -> None:
    op.create_table(
        "unit",
        Column("operation", Key, ForeignKey("operation.id", ondelete="CASCADE"), primary_key=True),
        Column("key", Key, primary_key=True),
        Column("phase", Integer, nullable=False),
        Column("kind", Text, nullable=False),
        Column("arguments", Json, nullable=False),
        Column("state", Text, nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("failures", Integer, nullable=False),
        Column("counts", Json),
        Column("result", Json),
        Column("error", Json),
        CheckConstraint("state IN ('TODO', 'RUNNING', 'DONE', 'FAILED')", name="state"),
        comment="A piece of an operation that is done as a whole or done again.",
    )
    op.create_index(
        "ix_unit_operation_state_phase_key", "unit", ["operation", "state", "phase", "key"]
    )


def _create_finding() -> None:
    op.create_table(
        "finding",
        Column("operation", Key, ForeignKey("operation.id", ondelete="CASCADE"), primary_key=True),
        Column("unit_key", Key, primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("severity", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("message", Text, nullable=False),
        Column("count", BigInteger, nullable=False),
        comment="One thing that did not go through.",
    )


def _create_identity() -> None:
    op.create_table(
        "identity",
        Column("operation", Key, ForeignKey("operation.id", ondelete="CASCADE"), primary_key=True),
        Column("kind", Key, primary_key=True),
        Column("source", Key, primary_key=True),
        Column("target", Text, nullable=False),
        comment="Which id became which in a restore.",
    )


def _create_operation_lock() -> None:
    op.create_table(
        "operation_lock",
        Column("product", Key, primary_key=True),
        Column("fence", BigInteger, nullable=False),
        Column("holder", Text),
        Column("kind", Text),
        Column("operation", Key),
        Column("acquired_at_ms", BigInteger, nullable=False),
        Column("renewed_at_ms", BigInteger, nullable=False),
        Column("lease_until_ms", BigInteger, nullable=False),
        CheckConstraint("fence > 0", name="fence"),
        comment="One row per product: which operation may work on it.",
    )


def _create_site_rate() -> None:
    op.create_table(
        "site_rate",
        Column("site", Key, primary_key=True),
        Column("arrival_us", BigInteger, nullable=False),
        Column("interval_us", BigInteger, nullable=False),
        Column("burst", Integer, nullable=False),
        Column("blocked_until_us", BigInteger, nullable=False),
        comment="The rate at which all processes together may ask a site. Reserved.",
    )


def _create_request() -> None:
    op.create_table(
        "request",
        Column("method", Key, primary_key=True),
        Column("request_id", Key, primary_key=True),
        Column("digest", Text, nullable=False),
        Column("response", LargeBinary, nullable=False),
        Column("create_time", Instant, nullable=False),
        comment="What was answered to requests that carried an id.",
    )
    op.create_index("ix_request_create_time", "request", ["create_time"])
