"""Run by Alembic for each command; the connection comes from ``config.attributes``."""

from __future__ import annotations

from alembic import context

from sitekeep_shared.database.schema import metadata


def _run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        render_as_batch=True,
    )
    # The caller has begun the transaction, with the lock that keeps others out.
    context.run_migrations()


_run()
