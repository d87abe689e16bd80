"""API keys, verifications, and when the data of a backup was given up."""

from __future__ import annotations

from alembic import op
from sqlalchemy import JSON, BigInteger, Column, Text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Key = Text().with_variant(Text(collation="C"), "postgresql")
Json = JSON(none_as_null=True)
Instant = BigInteger


def upgrade() -> None:
    """Adds the table of keys and the columns."""
    _create_api_key()
    op.drop_column("backup", "last_verified_time")
    op.add_column("backup", Column("release_time", Instant))
    op.add_column("operation", Column("cancel_time", Instant))
    op.add_column("operation", Column("report", Json))
    op.create_index("ix_operation_resource_uid_kind", "operation", ["resource_uid", "kind"])


def _create_api_key() -> None:
    op.create_table(
        "api_key",
        Column("id", Key, primary_key=True),
        Column("account_id", Key, nullable=False),
        Column("display_name", Text, nullable=False),
        Column("secret_hash", Key, nullable=False, unique=True),
        Column("create_time", Instant, nullable=False),
        Column("expire_time", Instant),
        Column("revoke_time", Instant),
        comment="What callers prove an account with; the keys themselves are nowhere.",
    )
    op.create_index("ix_api_key_account_id_id", "api_key", ["account_id", "id"])
