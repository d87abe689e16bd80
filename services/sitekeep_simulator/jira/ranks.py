"""The one order in which all issues stand. A new issue comes last."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.store import marks

_STEP = 1 << 20
"""Places between two new issues: an issue that was never moved stands at its id times this."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_WIDTH = 13


def rank_text(place: int) -> str:
    """A place as Jira writes it: texts that sort as the places do."""
    digits = ""
    while place:
        place, digit = divmod(place, 36)
        digits = _DIGITS[digit] + digits
    return f"0|{digits:0>{_WIDTH}}:"


def new_place(issue_id: int) -> int:
    """The place of an issue that nobody has moved."""
    return issue_id * _STEP


class Ranks:
    """Moves issues within the order."""

    def __init__(self, jira: Jira) -> None:
        self._store = jira.store

    def place(self, issue_id: int) -> int:
        """Where an issue stands."""
        found: int | None = self._store.value(
            "SELECT place FROM jira_rank WHERE issue_id = ?", (issue_id,)
        )
        return new_place(issue_id) if found is None else found

    def move(self, issue_ids: Sequence[int], other: int, *, after: bool) -> None:
        """Puts issues, in their order, right after or right before another one."""
        moved = [each for each in dict.fromkeys(issue_ids) if each != other]
        start, end = self._gap(other, moved, after=after)
        if end - start <= len(moved):
            self._spread()
            start, end = self._gap(other, moved, after=after)
        for number, issue_id in enumerate(moved, 1):
            place = start + (end - start) * number // (len(moved) + 1)
            self._store.execute("INSERT OR REPLACE INTO jira_rank VALUES (?, ?)", (issue_id, place))
        self._store.executemany(
            "DELETE FROM jira_rendered WHERE issue_id = ?", [(each,) for each in moved]
        )

    def _gap(self, other: int, moved: Sequence[int], *, after: bool) -> tuple[int, int]:
        """The places between the other issue and its neighbour among those that stay."""
        edge = self.place(other)
        neighbours = [
            each
            for each in (self._moved(edge, moved, after), self._unmoved(edge, moved, after))
            if each is not None
        ]
        if after:
            return edge, min(neighbours, default=edge + 2 * _STEP)
        return max(neighbours, default=0), edge

    def _moved(self, edge: int, without: Sequence[int], after: bool) -> int | None:
        """The nearest place of an issue that was moved before."""
        sign, way = (">", "ASC") if after else ("<", "DESC")
        found: int | None = self._store.value(
            f"SELECT place FROM jira_rank WHERE place {sign} ? AND issue_id NOT IN "
            f"({marks(len(without))}) ORDER BY place {way} LIMIT 1",
            (edge, *without),
        )
        return found

    def _unmoved(self, edge: int, without: Sequence[int], after: bool) -> int | None:
        """The nearest place of an issue that nobody has moved."""
        condition, way = ("i.id > ?", "ASC") if after else ("i.id <= ?", "DESC")
        bound = edge // _STEP if after else (edge - 1) // _STEP
        found: int | None = self._store.value(
            f"SELECT i.id FROM jira_issue i WHERE {condition} AND i.id NOT IN "
            f"({marks(len(without))}) AND NOT EXISTS "
            f"(SELECT 1 FROM jira_rank r WHERE r.issue_id = i.id) ORDER BY i.id {way} LIMIT 1",
            (bound, *without),
        )
        return None if found is None else new_place(found)

    def _spread(self) -> None:
        """Gives every issue a place of its own far from the others, as Jira does at times."""
        rows = self._store.rows(
            "SELECT i.id FROM jira_issue i LEFT JOIN jira_rank r ON r.issue_id = i.id "
            "ORDER BY coalesce(r.place, i.id * ?)",
            (_STEP,),
        )
        last = self._store.value("SELECT max(id) FROM jira_issue") or 0
        first = new_place(int(last)) - len(rows) * _STEP
        self._store.executemany(
            "INSERT OR REPLACE INTO jira_rank VALUES (?, ?)",
            [(row["id"], first + number * _STEP) for number, row in enumerate(rows, 1)],
        )
        self._store.execute("DELETE FROM jira_rendered")
