"""People and groups of a site. A person has the same account id on every site."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sitekeep_simulator.directory import Directory
from sitekeep_simulator.store import Row, SiteStore, marks

ADMIN_EMAIL = "admin@example.com"
ADMIN_TOKEN = "simulated-token"
ADMIN_GROUP = "site-admins"
PRODUCT_GROUPS = ("jira-users", "confluence-users")

_PEOPLE = uuid.UUID("5f7c6a1e-0d0f-4a53-9f44-5f0a3c3a7f10")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
  account_id TEXT PRIMARY KEY, email TEXT NOT NULL, display_name TEXT NOT NULL,
  active INTEGER NOT NULL, account_type TEXT NOT NULL, email_hidden INTEGER NOT NULL,
  position INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS account_email ON account (email);
CREATE INDEX IF NOT EXISTS account_position ON account (position);
CREATE TABLE IF NOT EXISTS token (email TEXT PRIMARY KEY, token TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS site_group (group_id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS group_member (
  group_id TEXT NOT NULL, account_id TEXT NOT NULL, PRIMARY KEY (group_id, account_id))
  WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Account:
    """One person or app, as a site knows it."""

    account_id: str
    email: str
    display_name: str
    active: bool = True
    account_type: str = "atlassian"
    email_hidden: bool = False


@dataclass(frozen=True)
class Group:
    """One group of a site."""

    group_id: str
    name: str


def account_id_of(email: str) -> str:
    """The account id of the person with that address, the same everywhere."""
    return f"712020:{uuid.uuid5(_PEOPLE, email.lower())}"


class Accounts:
    """The members of one site and its groups."""

    def __init__(self, store: SiteStore, directory: Directory | None = None) -> None:
        self._store = store
        self._directory = directory if directory is not None else Directory()
        self._cache: dict[str, Account] = {}
        store.script(_SCHEMA)
        for account in self.page():
            self._directory.register(account)
        if self.by_email(ADMIN_EMAIL) is None:
            self._begin()

    def add(
        self,
        email: str,
        display_name: str,
        *,
        active: bool = True,
        account_type: str = "atlassian",
        email_hidden: bool = False,
    ) -> Account:
        """Makes a person a member of the site; one who is a member already stays as is."""
        account = Account(
            account_id_of(email), email, display_name, active, account_type, email_hidden
        )
        self.add_many([account])
        return self.get(account.account_id) or account

    def invite(self, email: str, display_name: str) -> Account:
        """Makes a person a member; whom the directory knows has the name and state from there."""
        account_id = account_id_of(email)
        account = self._directory.find(account_id) or Account(account_id, email, display_name)
        self.add_many([account])
        return self.get(account_id) or account

    def add_many(self, accounts: Iterable[Account]) -> None:
        """Makes many people members of the site."""
        accounts = list(accounts)
        for account in accounts:
            self._directory.register(account)
        position: int = self._store.value("SELECT count(*) FROM account")
        self._store.executemany(
            "INSERT OR IGNORE INTO account VALUES (?,?,?,?,?,?,?)",
            [
                (a.account_id, a.email, a.display_name, a.active, a.account_type, a.email_hidden, n)
                for n, a in enumerate(accounts, position)
            ],
        )

    def get(self, account_id: str) -> Account | None:
        """The member with that account id, or None."""
        known = self._cache.get(account_id)
        if known is not None:
            return known
        row = self._store.row("SELECT * FROM account WHERE account_id = ?", (account_id,))
        if row is None:
            return None
        return self._cache.setdefault(account_id, _account(row))

    def by_email(self, email: str) -> Account | None:
        """The member with that address, or None."""
        return self.get(account_id_of(email))

    def many(self, account_ids: Sequence[str]) -> list[Account]:
        """The members among those account ids, in the order of the site."""
        rows = self._store.rows(
            f"SELECT * FROM account WHERE account_id IN ({marks(len(account_ids))}) "
            "ORDER BY position",
            account_ids,
        )
        return [_account(row) for row in rows]

    def page(self, start: int = 0, limit: int = -1) -> list[Account]:
        """Members in the order in which they joined, people who are inactive included."""
        rows = self._store.rows(
            "SELECT * FROM account ORDER BY position, account_id LIMIT ? OFFSET ?", (limit, start)
        )
        return [_account(row) for row in rows]

    def count(self) -> int:
        """How many members the site has."""
        return int(self._store.value("SELECT count(*) FROM account"))

    def set_active(self, account_id: str, active: bool) -> None:
        """Deactivates or activates a member."""
        self._store.execute(
            "UPDATE account SET active = ? WHERE account_id = ?", (active, account_id)
        )
        self._cache.pop(account_id, None)
        changed = self.get(account_id)
        if changed is not None:
            self._directory.replace(changed)

    def set_token(self, email: str, token: str) -> None:
        """Lets a member sign in with an API token."""
        self._store.execute("INSERT OR REPLACE INTO token VALUES (?, ?)", (email.lower(), token))

    def sign_in(self, email: str, token: str) -> Account | None:
        """The active member whose address and API token these are, or None."""
        known = self._store.value("SELECT token FROM token WHERE email = ?", (email.lower(),))
        account = self.by_email(email) if known == token else None
        return account if account is not None and account.active else None

    def add_group(self, name: str) -> Group:
        """Makes a group, or returns the one that has that name."""
        found = self.group(name=name)
        if found is not None:
            return found
        group = Group(str(uuid.uuid5(_PEOPLE, f"{self._store.identity}/group/{name}")), name)
        self._store.execute("INSERT INTO site_group VALUES (?, ?)", (group.group_id, name))
        return group

    def group(self, *, group_id: str = "", name: str = "") -> Group | None:
        """The group with that id or that name, or None."""
        row = self._store.row(
            "SELECT * FROM site_group WHERE group_id = ? OR name = ?", (group_id, name)
        )
        return None if row is None else Group(row["group_id"], row["name"])

    def groups(self, start: int = 0, limit: int = -1) -> list[Group]:
        """Groups by name."""
        rows = self._store.rows(
            "SELECT * FROM site_group ORDER BY name LIMIT ? OFFSET ?", (limit, start)
        )
        return [Group(row["group_id"], row["name"]) for row in rows]

    def group_count(self) -> int:
        """How many groups the site has."""
        return int(self._store.value("SELECT count(*) FROM site_group"))

    def join(self, group_id: str, account_ids: Iterable[str]) -> None:
        """Puts members into a group; those who are in it stay."""
        self._store.executemany(
            "INSERT OR IGNORE INTO group_member VALUES (?, ?)",
            [(group_id, account_id) for account_id in account_ids],
        )

    def is_in_group(self, group_id: str, account_id: str) -> bool:
        """Whether that member is in that group."""
        return bool(
            self._store.value(
                "SELECT 1 FROM group_member WHERE group_id = ? AND account_id = ?",
                (group_id, account_id),
            )
        )

    def is_admin(self, account_id: str) -> bool:
        """Whether that member administers the site."""
        group = self.group(name=ADMIN_GROUP)
        return group is not None and self.is_in_group(group.group_id, account_id)

    def members(
        self, group_id: str, start: int = 0, limit: int = -1, *, inactive: bool = True
    ) -> list[Account]:
        """Members of a group, in the order of the site."""
        rows = self._store.rows(
            "SELECT a.* FROM group_member m JOIN account a USING (account_id) "
            "WHERE m.group_id = ? AND (a.active OR ?) ORDER BY a.position LIMIT ? OFFSET ?",
            (group_id, inactive, limit, start),
        )
        return [_account(row) for row in rows]

    def member_count(self, group_id: str, *, inactive: bool = True) -> int:
        """How many members a group has."""
        return int(
            self._store.value(
                "SELECT count(*) FROM group_member m JOIN account a USING (account_id) "
                "WHERE m.group_id = ? AND (a.active OR ?)",
                (group_id, inactive),
            )
        )

    def groups_of(self, account_id: str) -> list[Group]:
        """The groups that a member is in."""
        rows = self._store.rows(
            "SELECT g.* FROM group_member m JOIN site_group g USING (group_id) "
            "WHERE m.account_id = ? ORDER BY g.name",
            (account_id,),
        )
        return [Group(row["group_id"], row["name"]) for row in rows]

    def _begin(self) -> None:
        admin = self.add(ADMIN_EMAIL, "Site Admin")
        self.set_token(ADMIN_EMAIL, ADMIN_TOKEN)
        for name in (ADMIN_GROUP, *PRODUCT_GROUPS):
            self.join(self.add_group(name).group_id, [admin.account_id])


def _account(row: Row) -> Account:
    return Account(
        row["account_id"],
        row["email"],
        row["display_name"],
        bool(row["active"]),
        row["account_type"],
        bool(row["email_hidden"]),
    )
