"""Words, names and documents of generated content."""

from __future__ import annotations

import random
from typing import Any

FIRST_NAMES = (
    "Anna",
    "Björn",
    "Chloé",
    "Dmitri",
    "Émile",
    "Fatma",
    "Gökçe",
    "Hana",
    "Ivo",
    "Jürgen",
    "Kateřina",
    "Łukasz",
    "María",
    "Nadia",
    "Øyvind",
    "Priya",
    "Quentin",
    "Rosa",
    "Søren",
    "Tomáš",
)
LAST_NAMES = (
    "Almeida",
    "Brandt",
    "Chen",
    "Dvořák",
    "Eriksen",
    "Fischer",
    "García",
    "Horváth",
    "Ivanov",
    "Jónsdóttir",
    "Kowalski",
    "Lefèvre",
    "Müller",
    "Nakamura",
    "O'Brien",
    "Petrović",
    "Rossi",
    "Şahin",
    "Takács",
    "Weiß",
)
SENTENCES = (
    "The import stops after the third page of results.",
    "Nach dem Neustart fehlen die Umlaute in der Überschrift.",
    "Users on slow connections see a blank screen for several seconds.",
    "ログイン後に言語設定が失われます。",
    "We should log the request id whenever the upstream answers 502.",
    "Le bouton « Enregistrer » reste grisé après une erreur.",
    "The cache is not invalidated when a component is renamed.",
    "Проверить миграцию на копии базы данных.",
    "Steps: open the report, change the range, export it as CSV.",
    "It works on staging, so this may be a difference in configuration.",
    "A timeout of 30 s is too short for the nightly job 🚧.",
    "Please add a test for names with a leading blank.",
    "这个问题只在生产环境出现。",
    "The totals differ by one because the header row is counted.",
    "Reverting the last change of the parser makes it go away.",
    "Discussed in the weekly meeting: we keep the old format for now.",
)
SUBJECTS = (
    "Login",
    "Export",
    "Search index",
    "Überweisung",
    "Report",
    "Notification",
    "Attachment preview",
    "Сессия",
    "API gateway",
    "検索",
    "Invoice",
    "Cache",
)
PROBLEMS = (
    "fails with an empty result",
    "is slow for large projects",
    "loses the time zone",
    "shows the wrong total",
    "needs a retry",
    "should be configurable",
    "breaks on “smart quotes”",
    "throws an exception",
)
FILE_NAMES = (
    "screenshot.png",
    "Bildschirmfoto 2024-05-01 um 10.22.31.png",
    "log (1).txt",
    "a+b & c.txt",
    "レポート.pdf",
    " leading blank.csv",
    "100% done.json",
    "it's.patch",
    "архив.zip",
    "no extension",
)
LABELS = ("backend", "ui", "größe", "flaky", "customer", "tech-debt", "2024", "безопасность")
Document = dict[str, Any]


def sentence(chance: random.Random) -> str:
    """One sentence."""
    return chance.choice(SENTENCES)


def summary(chance: random.Random) -> str:
    """The summary of an issue."""
    return f"{chance.choice(SUBJECTS)} {chance.choice(PROBLEMS)}"


def document(*nodes: Document) -> Document:
    """A document of nodes."""
    return {"type": "doc", "version": 1, "content": list(nodes)}


def text(content: str, *marks: str) -> Document:
    """A text node."""
    node: Document = {"type": "text", "text": content}
    return node | {"marks": [{"type": each} for each in marks]} if marks else node


def paragraph(*nodes: Document) -> Document:
    """A paragraph."""
    return {"type": "paragraph", "content": list(nodes)}


def mention(account_id: str, name: str) -> Document:
    """A mention of a person."""
    return {"type": "mention", "attrs": {"id": account_id, "text": f"@{name}", "accessLevel": ""}}


def media(media_id: str) -> Document:
    """A picture that is attached to the issue."""
    file = {"type": "media", "attrs": {"type": "file", "id": media_id, "collection": ""}}
    return {"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [file]}


def long_document(chance: random.Random, *extra: Document) -> Document:
    """A description: prose, and sometimes a list, code, a table or a panel."""
    nodes = [paragraph(text(sentence(chance)), text(" ")) for _ in range(chance.randint(1, 3))]
    nodes[0]["content"].append(text(sentence(chance), "strong"))
    nodes += [maker(chance) for maker in _BLOCKS if chance.random() < 0.2]
    return document(*nodes, *extra)


def _list(chance: random.Random) -> Document:
    items = [
        {"type": "listItem", "content": [paragraph(text(sentence(chance)))]}
        for _ in range(chance.randint(2, 4))
    ]
    return {"type": "bulletList", "content": items}


def _code(chance: random.Random) -> Document:
    lines = f"def f(x):\n    # {sentence(chance)}\n    return x < {chance.randint(1, 99)}\n"
    return {"type": "codeBlock", "attrs": {"language": "python"}, "content": [text(lines)]}


def _table(chance: random.Random) -> Document:
    def row(kind: str) -> Document:
        cells: list[Document] = [
            {"type": kind, "attrs": {}, "content": [paragraph(text(chance.choice(SUBJECTS)))]}
            for _ in range(3)
        ]
        return {"type": "tableRow", "content": cells}

    rows = [row("tableHeader"), row("tableCell"), row("tableCell")]
    attributes = {"isNumberColumnEnabled": False, "layout": "default"}
    return {"type": "table", "attrs": attributes, "content": rows}


def _panel(chance: random.Random) -> Document:
    content = [paragraph(text(sentence(chance)), {"type": "hardBreak"}, text("✓"))]
    return {"type": "panel", "attrs": {"panelType": "info"}, "content": content}


_BLOCKS = (_list, _code, _table, _panel)
