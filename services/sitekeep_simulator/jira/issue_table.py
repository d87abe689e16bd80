"""Finding, touching and deleting issues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.projects import DELETED, Projects
from sitekeep_simulator.jira.rendering import HEAD_QUERY, ISSUE_QUERY, Renderer
from sitekeep_simulator.jira.schema import ISSUE_TABLES
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row, marks

MISSING = "Issue does not exist or you do not have permission to see it."


class Issues:
    """The table of the issues, for everything that reads or writes them."""

    def __init__(self, jira: Jira) -> None:
        self.jira = jira
        self.renderer = Renderer(jira)
        self.projects = Projects(jira)

    def find(self, id_or_key: str) -> Row | None:
        """The issue with that id, key, former key or key of a former project key."""
        text = str(id_or_key)
        if text.isdigit():
            return self._visible("i.id = ?", (int(text),))
        key, _, number = text.upper().rpartition("-")
        project = self.projects.find(key) if key and number.isdigit() else None
        if project is None:
            return self._moved(text.upper())
        found = self._visible("i.project_id = ? AND i.number = ?", (project.id, int(number)))
        return found or self._moved(text.upper())

    def require(self, id_or_key: str) -> Row:
        """The issue with that id or key. Raises Refused (404)."""
        found = self.find(id_or_key)
        if found is None:
            raise Refused(404, MISSING)
        return found

    def find_many(self, ids_or_keys: Sequence[str]) -> list[Row]:
        """The issues with those ids or keys, each once, by ascending id, without their values."""
        ids = [int(each) for each in ids_or_keys if each.isdigit()]
        keys = {each.upper() for each in ids_or_keys if not each.isdigit()}
        rows = self._by_keys(keys)
        ids += self._moved_ids(keys - {row["key"] for row in rows})
        rows += self._heads(f"i.id IN ({marks(len(ids))})", ids)
        return sorted({row["id"]: row for row in rows}.values(), key=_id_of)

    def _by_keys(self, keys: Iterable[str]) -> list[Row]:
        numbers: dict[str, list[int]] = defaultdict(list)
        for each in keys:
            key, _, number = each.rpartition("-")
            if key and number.isdigit():
                numbers[key].append(int(number))
        rows: list[Row] = []
        for key, listed in numbers.items():
            project = self.projects.find(key)
            if project is not None:
                condition = f"i.project_id = ? AND i.number IN ({marks(len(listed))})"
                rows += self._heads(condition, [project.id, *listed])
        return rows

    def _heads(self, condition: str, values: Sequence[int]) -> list[Row]:
        if not values:
            return []
        return self.jira.store.rows(
            f"{HEAD_QUERY} WHERE p.state <> '{DELETED}' AND {condition}", values
        )

    def _moved_ids(self, keys: Iterable[str]) -> list[int]:
        listed = list(keys)
        rows = self.jira.store.rows(
            f"SELECT issue_id FROM jira_moved_key WHERE key IN ({marks(len(listed))})", listed
        )
        return [row["issue_id"] for row in rows]

    def touch(self, issue_id: int) -> None:
        """Marks an issue as updated now and has it rendered anew."""
        self.jira.store.execute(
            "UPDATE jira_issue SET updated = ? WHERE id = ?", (self.jira.now(), issue_id)
        )
        self.renderer.stale(issue_id)

    def watch(self, issue_id: int, account: Account) -> None:
        """Makes an account a watcher when it watches by itself."""
        if self.jira.autowatches(account):
            self.jira.store.execute(
                "INSERT OR IGNORE INTO jira_watcher VALUES (?, ?)", (issue_id, account.account_id)
            )

    def children(self, issue_id: int) -> list[int]:
        """The ids of the sub-tasks of an issue."""
        rows = self.jira.store.rows(
            "SELECT i.id FROM jira_issue i JOIN jira_object t ON t.kind = 'issue_type' AND "
            "t.id = i.type_id WHERE i.parent_id = ? AND "
            "json_extract(t.body, '$.hierarchyLevel') < 0",
            (issue_id,),
        )
        return [row["id"] for row in rows]

    def inherit_level(self, issue_id: int, level: int | None) -> None:
        """Gives a sub-task the security level of its parent."""
        self.jira.store.execute(
            "UPDATE jira_issue SET fields = json_set(fields, '$.security', ?) WHERE id = ?",
            (level, issue_id),
        )
        self.renderer.stale(issue_id)

    def delete(self, issue_ids: Sequence[int]) -> None:
        """Deletes issues with their sub-tasks for good; their numbers are never given again."""
        store = self.jira.store
        for issue_id in issue_ids:
            self.delete(self.children(issue_id))
            self.renderer.stale(issue_id)
            for table in ISSUE_TABLES:
                store.execute(f"DELETE FROM {table} WHERE issue_id = ?", (issue_id,))
            store.execute(
                "DELETE FROM jira_link WHERE source_id = ?1 OR target_id = ?1", (issue_id,)
            )
            store.execute("UPDATE jira_issue SET parent_id = NULL WHERE parent_id = ?", (issue_id,))
            store.execute("DELETE FROM jira_issue WHERE id = ?", (issue_id,))

    def _moved(self, key: str) -> Row | None:
        moved = self.jira.store.value("SELECT issue_id FROM jira_moved_key WHERE key = ?", (key,))
        return None if moved is None else self._visible("i.id = ?", (moved,))

    def _visible(self, condition: str, values: tuple[int, ...]) -> Row | None:
        return self.jira.store.row(
            f"{ISSUE_QUERY} WHERE p.state <> '{DELETED}' AND {condition}", values
        )


def _id_of(row: Row) -> int:
    issue_id: int = row["id"]
    return issue_id
