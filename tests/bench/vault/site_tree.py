"""A site as a tree of files, for engines that back up folders: issues as JSON, and attachments.

The same seed and scale give the same bytes. At scale 1: 20,000 issues of about 10 kB each and
1,917 attachments of about 500 MB together, sizes lognormal up to 24 MB; 78 % of them are
incompressible as images and office files are, 22 % are logs, CSV and XML, 8 % repeat another.

``site_tree.py FOLDER SCALE write``, then ``change``: in a process of its own, because the peak
memory of whoever starts an engine counts as the engine's.
"""

from __future__ import annotations

import bisect
import itertools
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ISSUES, ATTACHMENTS = 20_000, 1917
ISSUES_FOLDER, ATTACHMENTS_FOLDER = "issues", "attachments"
FILES_PER_FOLDER = 1000

_CHANGED_SHARE = 0.01
_TEXT_SHARE, _REPEATED_SHARE = 0.22, 0.08
_LARGEST_ATTACHMENT = 24_000_000
_SIZE_LOG_MEAN, _SIZE_LOG_DEVIATION = 10.92, 1.75
_EMPTY_FIELDS = 60
_PEOPLE = 150
_SITE = "https://bench.atlassian.net"


class SiteTree:
    """Writes the tree, and changes one percent of it."""

    def __init__(self, folder: Path, scale: float, seed: int = 7) -> None:
        self.folder = folder
        self.issue_count = max(int(ISSUES * scale), 20)
        self.attachment_count = max(int(ATTACHMENTS * scale), 10)
        self._seed = seed
        self._chance = random.Random(seed)
        self._words = _Words(self._chance)
        self._people = [_person(self._chance, self._words) for _ in range(_PEOPLE)]

    def write(self) -> None:
        """Writes all of it."""
        for number in range(1, self.issue_count + 1):
            self._write_issue(number, _issue(self._chance, self._words, self._people, number))
        for number in range(self.attachment_count):
            self._write_attachment(number)

    def change(self) -> None:
        """One percent of the issues get a comment, a state and a line of history; as many
        attachments other content."""
        self._chance.seed(self._seed + 1)
        issues = range(1, self.issue_count + 1)
        for number in self._chance.sample(issues, max(int(len(issues) * _CHANGED_SHARE), 1)):
            issue = json.loads(self._issue_path(number).read_bytes())
            _comment_on(self._chance, self._words, self._people, issue)
            self._write_issue(number, issue)
        attachments = range(self.attachment_count)
        changed = max(int(len(attachments) * _CHANGED_SHARE), 1)
        for number in self._chance.sample(attachments, changed):
            path = self._attachment_path(number)
            path.write_bytes(self._chance.randbytes(path.stat().st_size))

    def _write_issue(self, number: int, issue: dict[str, Any]) -> None:
        _write(self._issue_path(number), json.dumps(issue, separators=(",", ":")).encode())

    def _write_attachment(self, number: int) -> None:
        path = self._attachment_path(number)
        if number and self._chance.random() < _REPEATED_SHARE:
            repeated = self._attachment_path(self._chance.randrange(number))
            _write(path, repeated.read_bytes())
            return
        size = int(self._chance.lognormvariate(_SIZE_LOG_MEAN, _SIZE_LOG_DEVIATION))
        size = min(max(size, 200), _LARGEST_ATTACHMENT)
        is_text = self._chance.random() < _TEXT_SHARE
        content = self._text(size) if is_text else self._chance.randbytes(size)
        _write(path, content)

    def _text(self, size: int) -> bytes:
        line = self._chance.choice((_log_line, _csv_line, _xml_line))
        lines: list[str] = []
        written = 0
        while written < size:
            lines.append(line(self._chance, self._words))
            written += len(lines[-1]) + 1
        return "\n".join(lines).encode()[:size]

    def _issue_path(self, number: int) -> Path:
        folder = self.folder / ISSUES_FOLDER / f"{number // FILES_PER_FOLDER:04d}"
        return folder / f"BENCH-{number:06d}.json"

    def _attachment_path(self, number: int) -> Path:
        folder = self.folder / ATTACHMENTS_FOLDER / f"{number // FILES_PER_FOLDER:04d}"
        return folder / f"{number:06d}.bin"


class _Words:
    """Words that are as unevenly frequent as those of a language."""

    def __init__(self, chance: random.Random, count: int = 15_000) -> None:
        self._chance = chance
        letters = "eeeaaiioutnnrrsshldcmpgbfkvwy"
        self._words = ["".join(chance.choices(letters, k=2 + at % 9)) for at in range(count)]
        self._bounds = list(itertools.accumulate(1 / (rank + 3) for rank in range(count)))

    def some(self, count: int) -> str:
        """That many words."""
        total = self._bounds[-1]
        draw = self._chance.random
        chosen = (bisect.bisect(self._bounds, draw() * total) for _ in range(count))
        return " ".join([self._words[at] for at in chosen])


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _person(chance: random.Random, words: _Words) -> dict[str, Any]:
    identifier = f"{chance.getrandbits(96):024x}"
    picture = f"https://secure.gravatar.com/avatar/{chance.getrandbits(128):032x}?d=https%3A%2F%2F"
    return {
        "self": f"{_SITE}/rest/api/3/user?accountId={identifier}",
        "accountId": identifier,
        "emailAddress": f"{words.some(1)}.{identifier[:4]}@example.com",
        "avatarUrls": {f"{size}x{size}": f"{picture}{size}.png" for size in (48, 24, 16, 32)},
        "displayName": words.some(2).title(),
        "active": True,
        "timeZone": "Europe/Berlin",
        "accountType": "atlassian",
    }


def _issue(
    chance: random.Random, words: _Words, people: Sequence[Any], number: int
) -> dict[str, Any]:
    fields: dict[str, Any] = {
        f"customfield_{field + 10_000}": None for field in range(_EMPTY_FIELDS)
    }
    issue_type, status = chance.choice(("Bug", "Story", "Task")), chance.choice(_STATES)
    fields |= {
        "summary": words.some(7),
        "issuetype": _named(f"issuetype/{10_000 + len(issue_type)}", issue_type),
        "status": _named(f"status/{10_000 + len(status)}", status),
        "project": _named("project/10000", "Bench"),
        "reporter": chance.choice(people),
        "creator": chance.choice(people),
        "assignee": chance.choice(people),
        "created": _moment(chance),
        "updated": _moment(chance),
        "description": _document(chance, words, chance.randint(4, 12)),
        "comment": {"comments": [], "total": 0, "maxResults": 100, "startAt": 0},
    }
    issue: dict[str, Any] = {
        "id": str(10_000 + number),
        "self": f"{_SITE}/rest/api/3/issue/{10_000 + number}",
        "key": f"BENCH-{number}",
        "changelog": {"startAt": 0, "total": 0, "histories": []},
        "fields": fields,
    }
    for _ in range(chance.randrange(4)):
        _comment_on(chance, words, people, issue)
    return issue


_STATES = ("To Do", "In Progress", "In Review", "Done")


def _comment_on(
    chance: random.Random, words: _Words, people: Sequence[Any], issue: dict[str, Any]
) -> None:
    fields, identifier = issue["fields"], issue["id"]
    comments = fields["comment"]["comments"]
    state = chance.choice(_STATES)
    comments.append(
        {
            "self": f"{_SITE}/rest/api/3/issue/{identifier}/comment/{identifier}{len(comments)}",
            "id": f"{identifier}{len(comments)}",
            "author": chance.choice(people),
            "updateAuthor": chance.choice(people),
            "body": _document(chance, words, chance.randint(1, 3)),
            "created": _moment(chance),
        }
    )
    fields["comment"]["total"] = len(comments)
    issue["changelog"]["histories"].append(
        {
            "id": f"7{identifier}{len(comments)}",
            "author": chance.choice(people),
            "created": _moment(chance),
            "items": [
                {
                    "field": "status",
                    "fieldtype": "jira",
                    "fromString": fields["status"]["name"],
                    "toString": state,
                }
            ],
        }
    )
    fields["status"] = _named(f"status/{10_000 + len(state)}", state)


def _named(path: str, name: str) -> dict[str, Any]:
    picture = f"{_SITE}/images/icons/{path}.png"
    return {"self": f"{_SITE}/rest/api/3/{path}", "name": name, "iconUrl": picture}


def _document(chance: random.Random, words: _Words, paragraphs: int) -> dict[str, Any]:
    texts = [words.some(chance.randint(8, 28)) for _ in range(paragraphs)]
    content = [{"type": "paragraph", "content": [{"type": "text", "text": text}]} for text in texts]
    return {"type": "doc", "version": 1, "content": content}


def _moment(chance: random.Random) -> str:
    return (
        f"2025-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        f"T{chance.randrange(24):02d}:{chance.randrange(60):02d}:07.{chance.randrange(1000):03d}+0000"
    )


def _log_line(chance: random.Random, words: _Words) -> str:
    level = chance.choice(("INFO", "INFO", "WARN", "ERROR"))
    return f"{_moment(chance)} {level} [worker-{chance.randrange(32)}] {words.some(9)}"


def _csv_line(chance: random.Random, words: _Words) -> str:
    return f"{chance.randrange(10**6)};{words.some(4)};{chance.random():.5f};{_moment(chance)}"


def _xml_line(chance: random.Random, words: _Words) -> str:
    return f'  <entry id="{chance.randrange(10**6)}"><value>{words.some(6)}</value></entry>'


def main() -> None:
    """Writes or changes a tree."""
    folder, scale, action = sys.argv[1:]
    tree = SiteTree(Path(folder), float(scale))
    {"write": tree.write, "change": tree.change}[action]()


if __name__ == "__main__":
    main()
