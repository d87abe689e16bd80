"""Confluence content made from real texts: issues of a public Jira as pages and comments.

No public dump of a Confluence Cloud site is known. A project becomes a space, its versions
and epics become pages, its most discussed issues pages below them, and the comments on these
footer comments; the home page of each space says so. Files that were attached to issues of
another public Jira are attached to these pages.
"""

from __future__ import annotations

import datetime
import gzip
import mimetypes
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import msgspec

from sitekeep_simulator.accounts import ADMIN_EMAIL, Account, account_id_of
from sitekeep_simulator.confluence import labels
from sitekeep_simulator.confluence.bodies import file_reference
from sitekeep_simulator.confluence.page_titles import title_key
from sitekeep_simulator.confluence.schema import CONTENT_SEQUENCE, PAGE, SPACE_SEQUENCE
from sitekeep_simulator.confluence.wiki_text import to_storage
from sitekeep_simulator.data_people import email_of
from sitekeep_simulator.site import SimulatedSite

PROJECTS = ("ALOY", "MOD", "DAEMON")
_NOTE = (
    "<p>The pages of this space are made from the real issues of the project {name} in the "
    "public archive tidev/jira-archive; no page was taken from a Confluence site.</p>"
)
_STEP = 7
_FILES = uuid.UUID("f0f1f5b2-6f3f-4a5e-8d9c-2b6a0d6f8f11")
Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Loaded:
    """How much was made."""

    spaces: int
    pages: int
    comments: int
    attachments: int


@dataclass
class _Page:
    """A page of a space before it is written; ``parent`` is the key of another one."""

    key: str
    title: str
    body: str
    parent: str | None
    person: Fields | None
    created: str
    changed: str
    labels: Sequence[str] = ()
    comments: Sequence[Fields] = ()
    files: Sequence[Path] = ()

    @property
    def author(self) -> str:
        """The account id of who made it."""
        return account_id_of(person_email(self.person))


def load_data(site: SimulatedSite, folder: Path, issues: int = 120) -> Loaded:
    """Fills a site from a folder of real data.

    ``issues`` bounds the pages made from the issues of one project. Raises FileNotFoundError
    when the folder lacks the data. The tables must be there (``install``).
    """
    spaces = {key: _project_pages(folder, key, issues) for key in PROJECTS}
    pages = [page for pages in spaces.values() for page in pages]
    files = sorted(path for path in (folder / "attachments/lucene").rglob("*") if path.is_file())
    _deal(files, pages)
    with site.store.transaction():
        _join(site, pages)
        for key, members in spaces.items():
            _write_space(site, folder, key, members)
    comments = sum(len(page.comments) for page in pages)
    return Loaded(len(spaces), len(pages), comments, len(files))


def person_email(person: Fields | None) -> str:
    """The address of a person of the archive: it is derived from the key of the account."""
    return ADMIN_EMAIL if not person else email_of(person["key"])


def _project(folder: Path, key: str) -> Fields:
    path = folder / "jira/tidev" / f"{key}.project.json"
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])


def _issues(folder: Path, key: str) -> Iterator[Fields]:
    with gzip.open(folder / "jira/tidev" / f"{key}.issues.jsonl.gz") as lines:
        for line in lines:
            yield msgspec.json.decode(line, type=dict[str, Any])


def _project_pages(folder: Path, key: str, issues: int) -> list[_Page]:
    project = _project(folder, key)
    found = list(_issues(folder, key))
    begin = min(_time(issue["fields"]["created"]) for issue in found)
    note = _NOTE.format(name=escape(project["name"]))
    body = note + to_storage(project.get("description") or "")
    home = _Page("home", f"{project['name']} Home", body, None, None, begin, begin)
    versions = [
        _Page(name, f"Version {name}", to_storage(text), "home", None, begin, begin)
        for name, text in _version_texts(project)
    ]
    chosen = sorted(found, key=_interest)[:issues]
    known = {"home", *(page.key for page in versions), *(issue["key"] for issue in chosen)}
    return [home, *versions, *(_issue_page(issue, known) for issue in chosen)]


def _version_texts(project: Fields) -> list[tuple[str, str]]:
    texts = {v["name"]: v.get("description") or v["name"] for v in project["versions"]}
    return list(texts.items())[:25]


def _interest(issue: Fields) -> tuple[bool, int, int]:
    fields = issue["fields"]
    is_epic = fields["issuetype"]["name"] == "Epic"
    return not is_epic, -len(fields["comment"]["comments"]), int(issue["key"].split("-")[1])


def _issue_page(issue: Fields, known: set[str]) -> _Page:
    fields = issue["fields"]
    epic: Fields = fields.get("epic") or {}
    above: list[str] = [epic.get("key", ""), *(each["name"] for each in fields["fixVersions"])]
    parents = [key for key in above if key in known and key != issue["key"]]
    return _Page(
        issue["key"],
        f"{issue['key']} {fields['summary']}"[:255],
        to_storage(fields.get("description") or ""),
        parents[0] if parents else "home",
        fields.get("creator"),
        _time(fields["created"]),
        _time(fields["updated"]),
        [_label(each["name"]) for each in fields.get("components", [])],
        fields["comment"]["comments"],
    )


def _label(name: str) -> str:
    return re.sub(r"[^\w-]+", "-", name.lower()).strip("-") or "other"


def _time(text: str) -> str:
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _deal(files: Sequence[Path], pages: Sequence[_Page]) -> None:
    """Gives each page some of the files, never two of the same name."""
    for number, path in enumerate(files):
        place = number * _STEP
        while any(known.name == path.name for known in pages[place % len(pages)].files):
            place += 1
        page = pages[place % len(pages)]
        page.files = [*page.files, path]


def _join(site: SimulatedSite, pages: Sequence[_Page]) -> None:
    people = {
        person_email(person): Account(
            account_id_of(person_email(person)), person_email(person), person["displayName"]
        )
        for page in pages
        for person in (page.person, *(comment.get("author") for comment in page.comments))
        if person
    }
    site.accounts.add_many(people.values())
    group = site.accounts.add_group("confluence-users")
    site.accounts.join(group.group_id, [account.account_id for account in people.values()])


def _write_space(site: SimulatedSite, folder: Path, key: str, pages: Sequence[_Page]) -> None:
    project, space_id = _project(folder, key), site.store.next_id(SPACE_SEQUENCE)
    first = site.store.next_id(CONTENT_SEQUENCE, len(pages))
    ids = {page.key: first + number for number, page in enumerate(pages)}
    site.store.execute(
        "INSERT INTO confluence_space VALUES (?,?,?,'global','current',?,?,?,?,'')",
        (
            *(space_id, key, project["name"], account_id_of(ADMIN_EMAIL), pages[0].created),
            *(ids["home"], project.get("description") or ""),
        ),
    )
    for position, page in enumerate(pages):
        parent_id = None if page.parent is None else ids[page.parent]
        _write_page(site, page, (ids[page.key], space_id, parent_id, position))


def _write_page(site: SimulatedSite, page: _Page, place: tuple[int, int, int | None, int]) -> None:
    own_id, space_id, parent_id, position = place
    body = page.body + "".join(file_reference(path.name) for path in page.files)
    site.store.execute(
        "INSERT INTO confluence_content VALUES"
        " (?,?,?,'current',?,?,?,?,?,?,NULL,?,1,?,?,'',0,'',?)",
        (
            *(own_id, PAGE, space_id, page.title, title_key(page.title), parent_id, position),
            *(page.author, page.author, page.created, page.changed, page.author, body),
        ),
    )
    labels.add(site, own_id, [("global", name) for name in page.labels])
    _write_comments(site, own_id, page.comments)
    for path in page.files:
        _write_file(site, own_id, page, path)


def _write_comments(site: SimulatedSite, page_id: int, comments: Sequence[Fields]) -> None:
    first = site.store.next_id(CONTENT_SEQUENCE, len(comments))
    rows: list[Sequence[Any]] = []
    for own_id, comment in enumerate(comments, first):
        author = account_id_of(person_email(comment.get("author")))
        created, changed = _time(comment["created"]), _time(comment["updated"])
        body = to_storage(comment.get("body") or "")
        rows.append((own_id, page_id, author, created, changed, author, body))
    site.store.executemany(
        "INSERT INTO confluence_comment VALUES (?,'footer',?,NULL,?,?,1,?,?,'',?,'','','','','')",
        rows,
    )


def _write_file(site: SimulatedSite, page_id: int, page: _Page, path: Path) -> None:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    own_id = site.store.next_id(CONTENT_SEQUENCE)
    media_id = str(uuid.uuid5(_FILES, f"{site.store.identity}/{own_id}"))
    site.files.add_media(content, path.name, media_type, media_id=media_id)
    site.store.execute(
        "INSERT INTO confluence_attachment VALUES (?,?,'current',?,?,1)",
        (own_id, page_id, path.name, page.created),
    )
    site.store.execute(
        "INSERT INTO confluence_attachment_version VALUES (?,1,?,?,?,'',?,?,0)",
        (own_id, media_id, media_type, len(content), page.created, page.author),
    )
