from __future__ import annotations

from support.databases import database, database_url
from support.dispatchers import dispatcher_of, waits

__all__ = ["database", "database_url", "dispatcher_of", "waits"]
