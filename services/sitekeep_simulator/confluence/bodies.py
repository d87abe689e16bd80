"""Made-up page bodies in storage format, with every kind of reference that real ones hold."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from sitekeep_simulator.confluence import words

Part = Callable[[random.Random, "Surroundings"], str]


@dataclass(frozen=True)
class Reference:
    """Another page that a body links to."""

    page_id: int
    space_key: str
    title: str


@dataclass(frozen=True)
class Mark:
    """Text that an inline comment is about. ``ref`` names its marker."""

    ref: str
    text: str


@dataclass(frozen=True)
class Surroundings:
    """What a body can refer to."""

    base_url: str
    space_key: str
    pages: Sequence[Reference]
    people: Sequence[str]
    files: Sequence[str] = ()
    marks: Sequence[Mark] = ()


def page_body(rng: random.Random, around: Surroundings, parts: int) -> str:
    """A body: a heading, a paragraph, ``parts`` parts of any kind, the files and the marks."""
    pieces = [f"<h1>{escape(rng.choice(words.SUBJECTS))}</h1>", _paragraph(rng, around)]
    pieces += [rng.choice(_PARTS)(rng, around) for _ in range(parts)]
    pieces += [file_reference(name) for name in around.files]
    pieces += [_marked(rng, mark) for mark in around.marks]
    return "".join(pieces)


def file_reference(filename: str) -> str:
    """An image, or a link for a file that is none, of an attachment of the same page."""
    name = quoteattr(filename)
    if filename.endswith(".png"):
        return (
            f'<ac:image ac:align="center" ac:width="340"><ri:attachment ri:filename={name} />'
            "</ac:image>"
        )
    return (
        f"<p><ac:link><ri:attachment ri:filename={name} /><ac:plain-text-link-body>"
        "<![CDATA[the file]]></ac:plain-text-link-body></ac:link></p>"
    )


def comment_body(rng: random.Random, around: Surroundings) -> str:
    """The body of a comment, sometimes with a mention or a link."""
    text = rng.choice(words.REPLIES)
    if rng.random() < 0.2:
        text = f"{_mention(rng, around)} {text}"
    if rng.random() < 0.1 and around.pages:
        text += f" {_link_by_title(rng, around)}"
    return f"<p>{text}</p>"


def _marked(rng: random.Random, mark: Mark) -> str:
    marker = (
        f'<ac:inline-comment-marker ac:ref="{mark.ref}">{escape(mark.text)}'
        "</ac:inline-comment-marker>"
    )
    return f"<p>{words.paragraph(rng, 1)} {marker} {words.paragraph(rng, 1)}</p>"


def _paragraph(rng: random.Random, _: Surroundings) -> str:
    text = words.paragraph(rng, rng.randint(1, 5))
    return f"<p><strong>{rng.choice(words.TOPICS)}</strong>: {text} <em>So far.</em></p>"


def _heading(rng: random.Random, _: Surroundings) -> str:
    level = rng.randint(2, 4)
    return f"<h{level}>{escape(rng.choice(words.SUBJECTS))}</h{level}>"


def _table(rng: random.Random, around: Surroundings) -> str:
    rows = "".join(
        f"<tr><td>{rng.choice(words.TOPICS)}</td><td>{rng.randint(1, 999)}</td>"
        f"<td>{_mention(rng, around)}</td></tr>"
        for _ in range(rng.randint(1, 6))
    )
    head = "<tr><th>Part</th><th>Count</th><th>Owner</th></tr>"
    return f'<table data-layout="default"><tbody>{head}{rows}</tbody></table>'


def _items(rng: random.Random, _: Surroundings) -> str:
    items = "".join(f"<li><p>{words.paragraph(rng, 1)}</p></li>" for _ in range(rng.randint(2, 5)))
    return f"<ul>{items}</ul>"


def _code(rng: random.Random, _: Surroundings) -> str:
    return (
        '<ac:structured-macro ac:name="code" ac:schema-version="1">'
        '<ac:parameter ac:name="language">python</ac:parameter><ac:plain-text-body>'
        f"<![CDATA[if a < {rng.randint(1, 99)} && b > 0:\n    print('<p>not a tag</p>')]]>"
        "</ac:plain-text-body></ac:structured-macro>"
    )


def _tasks(rng: random.Random, around: Surroundings) -> str:
    tasks = "".join(
        f"<ac:task><ac:task-id>{number}</ac:task-id>"
        f"<ac:task-status>{rng.choice(('incomplete', 'complete'))}</ac:task-status>"
        f"<ac:task-body>{_mention(rng, around)} {rng.choice(words.SENTENCES)}</ac:task-body>"
        "</ac:task>"
        for number in range(1, rng.randint(2, 4))
    )
    return f"<ac:task-list>{tasks}</ac:task-list>"


def _panel(rng: random.Random, around: Surroundings) -> str:
    return (
        '<ac:structured-macro ac:name="info" ac:schema-version="1"><ac:rich-text-body>'
        f"{_paragraph(rng, around)}</ac:rich-text-body></ac:structured-macro>"
    )


def _jira_issue(rng: random.Random, _: Surroundings) -> str:
    return (
        '<p><ac:structured-macro ac:name="jira" ac:schema-version="1">'
        '<ac:parameter ac:name="server">System Jira</ac:parameter>'
        '<ac:parameter ac:name="serverId">6a1b2c3d-0000-3000-8000-000000000000</ac:parameter>'
        f'<ac:parameter ac:name="key">DEMO-{rng.randint(1, 99)}</ac:parameter>'
        "</ac:structured-macro></p>"
    )


def _mention(rng: random.Random, around: Surroundings) -> str:
    person = quoteattr(rng.choice(around.people))
    return f"<ac:link><ri:user ri:account-id={person} /></ac:link>"


def _mention_paragraph(rng: random.Random, around: Surroundings) -> str:
    return f"<p>{_mention(rng, around)} {rng.choice(words.SENTENCES)}</p>"


def _link_by_title(rng: random.Random, around: Surroundings) -> str:
    page = rng.choice(around.pages)
    space = ""
    if page.space_key != around.space_key:
        space = f" ri:space-key={quoteattr(page.space_key)}"
    return (
        f"<ac:link><ri:page{space} ri:content-title={quoteattr(page.title)} />"
        "<ac:link-body>read on</ac:link-body></ac:link>"
    )


def _title_link(rng: random.Random, around: Surroundings) -> str:
    return f"<p>{_link_by_title(rng, around)}</p>" if around.pages else ""


def _id_link(rng: random.Random, around: Surroundings) -> str:
    if not around.pages:
        return ""
    page = rng.choice(around.pages)
    path = f"/wiki/spaces/{page.space_key}/pages/{page.page_id}"
    address = rng.choice((f"{around.base_url}{path}/Title", path))
    return f'<p>As <a href="{address}" data-card-appearance="inline">{address}</a> says.</p>'


_PARTS: tuple[Part, ...] = (
    *(_paragraph, _paragraph, _heading, _table, _items, _code, _tasks, _panel),
    *(_jira_issue, _mention_paragraph, _title_link, _id_link),
)
