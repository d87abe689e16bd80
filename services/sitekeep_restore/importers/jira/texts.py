"""Documents for the destination: ids rewritten, provenance added, too long ones cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from sitekeep_restore.importers.jira.known import Known
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_shared.content.adf import (
    Node,
    Rewriting,
    children_of,
    document,
    followed,
    is_document,
    is_too_long,
    paragraph,
    plain_text,
    preceded,
    text_length,
)
from sitekeep_shared.kinds import Kind

CUT_LENGTH = 30_000
"""Characters kept of a text that is too long: room is left for the lines around it."""

CUT_MARK = "[The text is cut here: the site takes no more. The whole is attached as {name}.]"


@dataclass
class Texts:
    """Rewrites the documents of one unit and remembers the ones that had to be cut."""

    known: Known
    losses: LossCounter
    cut: dict[str, dict[str, bytes]] = field(default_factory=dict[str, dict[str, bytes]])
    """Issue key → file name → the whole document, to be attached."""

    def rewrite(self, kind: Kind, key: str, source: Node) -> Node:
        """The document with every id rewritten; what is lost is counted for ``key``."""
        rewriting = Rewriting(self.known.users, self.known.media, self.known.link)
        result = rewriting.document(source)
        self.losses.add(kind, Loss.MENTION_AS_TEXT, key, rewriting.lost_mentions)
        self.losses.add(kind, Loss.MEDIA_AS_TEXT, key, rewriting.lost_media)
        return result

    def with_origin(self, kind: Kind, key: str, source: Any, line: Node) -> Node:
        """A description: the rewritten document with the origin line at its end."""
        body = self._body(kind, key, source, "description.adf.json", key)
        return followed(body, line)

    def with_speaker(self, kind: Kind, key: str, item_id: str, source: Any, line: Node) -> Node:
        """A comment of an issue: the line that says who said it, then the document."""
        name = f"{key}/{kind.value} {item_id}"
        body = self._body(kind, name, source, f"{kind.value}-{item_id}.adf.json", key)
        return preceded(line, body)

    def _body(self, kind: Kind, name: str, source: Any, file: str, issue: str) -> Node | None:
        if not is_document(source):
            return None
        body = self.rewrite(kind, name, source)
        if not is_too_long(body):
            return body
        self.cut.setdefault(issue, {})[file] = msgspec.json.encode(source)
        self.losses.add(kind, Loss.DESCRIPTION_TOO_LONG, name)
        return shortened(body, file)


def shortened(body: Node, file: str) -> Node:
    """As many whole blocks of a document as fit, and a paragraph that says where the rest is."""
    kept: list[Node] = []
    length = 0
    for block in children_of(body):
        length += text_length(block)
        if length > CUT_LENGTH:
            break
        kept.append(block)
    if not kept:
        kept = [paragraph(plain_text(body)[:CUT_LENGTH])]
    return document(*kept, paragraph(CUT_MARK.format(name=file)))
