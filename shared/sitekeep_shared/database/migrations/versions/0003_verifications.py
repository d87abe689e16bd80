"""What verifications found, whoever made them."""

from __future__ import annotations

from alembic import op
from sqlalchemy import JSON, BigInteger, Boolean, Column, Integer, Text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Key = Text().with_variant(Text(collation="C"), "postgresql")
Json = JSON(none_as_null=True)
Instant = BigInteger

_OF_EARLIER_OPERATIONS = """
INSERT INTO verification (backup_uid, level, sound, damage, verify_time)
SELECT resource_uid, 3, {sound}, {damage}, end_time FROM operation
WHERE kind = 'verification' AND state = 'SUCCEEDED' AND report IS NOT NULL ORDER BY end_time
"""
_SOUND = {
    "sqlite": "json_extract(report, '$.sound')",
    "postgresql": "(report ->> 'sound')::boolean",
}


def upgrade() -> None:
    """Adds the table, with what operations found so far."""
    op.create_table(
        "verification",
        Column("number", Integer, primary_key=True),
        Column("backup_uid", Key, nullable=False),
        Column("level", Integer, nullable=False),
        Column("sound", Boolean, nullable=False),
        Column("damage", Boolean, nullable=False),
        Column("verify_time", Instant, nullable=False),
        comment="What verifications found; their reports say more.",
    )
    op.create_index("ix_verification_backup_uid_number", "verification", ["backup_uid", "number"])
    sound = _SOUND[op.get_bind().dialect.name]
    op.execute(_OF_EARLIER_OPERATIONS.format(sound=sound, damage=f"NOT {sound}"))
