"""What can stand in the way of using a database; each is told to the person who starts a server.

DatabaseError
├── UnknownDatabase      the URL names nothing that Sitekeep can use
├── DatabaseTooOld       the database software lacks what Sitekeep needs
├── DatabaseTooNew       a newer Sitekeep has migrated the database
└── ServiceAlreadyRunning another process runs the same service on the database
"""

from __future__ import annotations


class DatabaseError(Exception):
    """The root: the message says what is wrong and what to do about it."""


class UnknownDatabase(DatabaseError):
    """The URL names nothing that Sitekeep can use."""


class DatabaseTooOld(DatabaseError):
    """The database software lacks what Sitekeep needs."""


class DatabaseTooNew(DatabaseError):
    """A newer Sitekeep has migrated the database."""


class ServiceAlreadyRunning(DatabaseError):
    """Another process runs the same service on the same database."""
