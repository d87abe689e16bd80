"""Spaces: made with a home page, found by key or id, deleted with all they hold."""

from __future__ import annotations

import re

from sitekeep_simulator.confluence import contents
from sitekeep_simulator.confluence.contents import ContentDraft
from sitekeep_simulator.confluence.schema import SPACE_SEQUENCE, TASK_SEQUENCE
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import Row

_KEY = re.compile(r"[A-Za-z0-9]{1,255}")
_HOME_BODY = (
    "<h2>Welcome</h2><p>This is the home page of your space. Describe here what it is for.</p>"
    '<ac:structured-macro ac:name="children" ac:schema-version="2" />'
)
_VISIBLE = "(private_to = '' OR private_to = ?)"


def personal_key(account_id: str) -> str:
    """The key of a person's own space: a tilde and the letters and digits of the account id."""
    return "~" + re.sub(r"[^A-Za-z0-9]", "", account_id)


def create_space(
    site: SimulatedSite,
    author_id: str,
    *,
    key: str,
    name: str,
    description: str = "",
    private: bool = False,
) -> Row:
    """Makes a space with its home page. Raises Refused (400)."""
    kind = _type_of_key(key, author_id)
    if not name.strip() or len(name) > 200:
        raise Refused(400, "A space has a name of at most 200 characters.")
    if site.store.value("SELECT 1 FROM confluence_space WHERE key = ?", (key,)):
        raise Refused(400, f"A space already exists with key {key}")
    with site.store.transaction():
        space_id = site.store.next_id(SPACE_SEQUENCE)
        private_to = author_id if private else ""
        site.store.execute(
            "INSERT INTO confluence_space VALUES (?,?,?,?,'current',?,?,NULL,?,?)",
            (space_id, key, name, kind, author_id, site.now(), description, private_to),
        )
        home = ContentDraft(
            contents.PAGE, space_id, name if kind == "personal" else f"{name} Home", _HOME_BODY
        )
        homepage_id = contents.insert(site, author_id, home)
        site.store.execute(
            "UPDATE confluence_space SET homepage_id = ? WHERE id = ?", (homepage_id, space_id)
        )
    return by_id(site, space_id, author_id)


def _type_of_key(key: str, author_id: str) -> str:
    if key == personal_key(author_id):
        return "personal"
    if key.startswith("~"):
        raise Refused(400, "Only its owner can make a personal space.")
    if _KEY.fullmatch(key) is None:
        raise Refused(400, f"The space key is invalid: {key}")
    return "global"


def by_id(site: SimulatedSite, space_id: int, account_id: str) -> Row:
    """The space with that id. Raises Refused (404) when the account sees none."""
    found = site.store.row(
        f"SELECT * FROM confluence_space WHERE id = ? AND {_VISIBLE}", (space_id, account_id)
    )
    if found is None:
        raise Refused(404, f"Could not find space with id: {space_id}")
    return found


def by_key(site: SimulatedSite, key: str, account_id: str) -> Row:
    """The space with that key. Raises Refused (404) when the account sees none."""
    found = site.store.row(
        f"SELECT * FROM confluence_space WHERE key = ? AND {_VISIBLE}", (key, account_id)
    )
    if found is None:
        raise Refused(404, f"No space with key : {key}")
    return found


def update_space(site: SimulatedSite, space_id: int, **columns: str | int | None) -> None:
    """Changes columns of a space."""
    for column, value in columns.items():
        site.store.execute(
            f"UPDATE confluence_space SET {column} = ? WHERE id = ?", (value, space_id)
        )


def delete_space(site: SimulatedSite, space_id: int) -> int:
    """Deletes a space and all it holds for good. Returns the id of the task that did it."""
    with site.store.transaction():
        rows = site.store.rows("SELECT id FROM confluence_content WHERE space_id = ?", (space_id,))
        for row in rows:
            contents.purge(site, row["id"])
        site.store.execute(
            "DELETE FROM confluence_property WHERE owner_kind = 'space' AND owner_id = ?",
            (space_id,),
        )
        site.store.execute("DELETE FROM confluence_space WHERE id = ?", (space_id,))
        return note_task(site, "spaces.delete")


def note_task(site: SimulatedSite, name: str) -> int:
    """Remembers a long-running task, which is over at once here, and returns its id."""
    task_id = site.store.next_id(TASK_SEQUENCE)
    site.store.execute("INSERT INTO confluence_task VALUES (?, ?, ?)", (task_id, name, site.now()))
    return task_id
