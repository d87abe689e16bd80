"""What can go wrong with a vault.

VaultError
├── StoreUnavailable     the store refuses or does not answer; trying again may help
│   └── DeleteRefused    the store keeps an object that was to be removed
├── StoreUnsuitable      the store lacks a guarantee that a vault needs
├── ObjectMissing        a store has no object of that name
├── VaultMissing         there is no vault where one is expected
├── VaultMismatch        a place that is to hold a copy of a vault holds another one
├── UnsupportedFormat    a newer version wrote it
├── WrongKey             the key file belongs to another vault, or cannot read
├── DamagedObject        an object is not what was written; it is named
├── ClockSkewed          the clocks of this machine and of the store differ too much
├── LeaseLost            the session may no longer write: its lease ran out or was taken over
├── StagedDataLost       what earlier units staged is no longer there: they have to run again
├── CommitConflict       another write committed the same backup
├── BackupNotFound       there is no such backup
│   └── BackupAbandoned  it was never finished, and a collection or its server gave it up
└── SessionClosed        the session was closed or failed before
"""

from __future__ import annotations

from typing import Self


class VaultError(Exception):
    """The root of all errors of the vault. The message is for people."""


class StoreUnavailable(VaultError):
    """The store refuses or does not answer: full, not permitted, not there, an I/O error."""


class DeleteRefused(StoreUnavailable):
    """The store does not let an object go: a retention, an immutability, a missing permission."""


class StoreUnsuitable(VaultError):
    """The store lacks a guarantee that a vault needs, such as never overwriting a key."""


class ObjectMissing(VaultError):
    """The store has no object of that name."""

    def __init__(self, object_name: str) -> None:
        super().__init__(f"The vault has no object {object_name}.")
        self.object_name = object_name


class VaultMissing(VaultError):
    """The store holds no vault."""


class VaultMismatch(VaultError):
    """A place that is to hold a copy of a vault holds another vault."""


class UnsupportedFormat(VaultError):
    """The vault was written by a newer version that uses what this one does not know."""


class WrongKey(VaultError):
    """The key file does not belong to this vault, or it lacks the part that is needed."""


class DamagedObject(VaultError):
    """An object of the vault is missing, cut short or altered."""

    def __init__(self, object_name: str, problem: str, *, entry: str = "") -> None:
        super().__init__(f"The vault's object {object_name} is damaged: {problem}.")
        self.object_name = object_name
        self.problem = problem
        self.entry = entry
        """What could not be read because of it, in words; empty where that is not known."""

    def met_in(self, entry: str) -> DamagedObject:
        """The same, met while that was read; what was named first stays."""
        return DamagedObject(self.object_name, self.problem, entry=self.entry or entry)


class ClockSkewed(VaultError):
    """The clocks of this machine and of the store differ by more than leases allow for."""


class LeaseLost(VaultError):
    """The lease of a session ran out or was taken over; nothing of it may be committed."""


class StagedDataLost(VaultError):
    """What a unit staged is not part of this session's checkpoints: it has to run again."""


class CommitConflict(VaultError):
    """The backup was committed by another write."""


class BackupNotFound(VaultError):
    """The vault holds no such backup."""

    @classmethod
    def of(cls, site: str, backup_id: str) -> Self:
        """Of the backup that was looked for."""
        return cls(f"The vault holds no backup {backup_id} of {site}.")


class BackupAbandoned(BackupNotFound):
    """The backup was given up before it was finished; it can never be committed."""


class SessionClosed(VaultError):
    """The session is closed or has failed; open it again with the same backup id."""
