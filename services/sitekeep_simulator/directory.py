"""Accounts beyond one site: who has one has the same id, name and state on every site."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sitekeep_simulator.accounts import Account


class Directory:
    """The accounts that the sites sharing it know; where two differ, the first one holds."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}

    def register(self, account: Account) -> None:
        """Makes an account known to all sites; one that is known already stays as is."""
        self._accounts.setdefault(account.account_id, account)

    def replace(self, account: Account) -> None:
        """Makes a changed account known to sites that do not have it yet."""
        self._accounts[account.account_id] = account

    def find(self, account_id: str) -> Account | None:
        """The account with that id, or None where no site ever had it."""
        return self._accounts.get(account_id)
