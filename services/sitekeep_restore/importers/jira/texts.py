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

CUT_MARK = "[The text is cut here: the site takes no more. The whole is {place}.]"
TEXT_MARK = "[Only the text is here: the site refused the document. It is {place}.]"
IN_BACKUP = "in the backup"


@dataclass(frozen=True)
class Place:
    """Which text of which issue it is."""

    kind: Kind
    name: str
    """The text, as people know it: ``ALOY-12``, ``ALOY-12/comment 33``."""
    issue: str
    file: str
    """The file name under which the whole document is attached."""
    restricted: bool = False
    """Whether not everyone who sees the issue may read it: then nothing is attached."""

    @property
    def words(self) -> str:
        """Where the whole document is to be found."""
        return IN_BACKUP if self.restricted else f"attached as {self.file}"


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

    def with_origin(self, key: str, source: Any, line: Node, *, plain: bool = False) -> Node:
        """A description: the rewritten document with the origin line at its end.

        ``plain``: the site refused the document; its text comes instead.
        """
        place = Place(Kind.ISSUE, key, key, "description.adf.json")
        return followed(self._body(place, source, plain), line)

    def with_speaker(self, place: Place, source: Any, line: Node, *, plain: bool = False) -> Node:
        """A comment: the line that says who said it, then the rewritten document."""
        return preceded(line, self._body(place, source, plain))

    def forget(self, place: Place) -> None:
        """Attaches nothing: the text itself did not come back."""
        self.cut.get(place.issue, {}).pop(place.file, None)

    def _body(self, place: Place, source: Any, plain: bool) -> Node | None:
        if not is_document(source):
            return None
        if plain:
            self._attach(Loss.TEXT_REFUSED, place, source)
            return as_text(source, place)
        body = self.rewrite(place.kind, place.name, source)
        if not is_too_long(body):
            return body
        self._attach(Loss.TEXT_TOO_LONG, place, source)
        return shortened(body, place)

    def _attach(self, loss: Loss, place: Place, source: Node) -> None:
        self.losses.add(place.kind, loss, place.name)
        if not place.restricted:
            self.cut.setdefault(place.issue, {})[place.file] = msgspec.json.encode(source)


def as_text(source: Node, place: Place) -> Node:
    """The text of a document, a paragraph a line, and where the document is."""
    lines = plain_text(source)[:CUT_LENGTH].splitlines()
    mark = paragraph(TEXT_MARK.format(place=place.words))
    return document(*(paragraph(each) for each in lines), mark)


def shortened(body: Node, place: Place) -> Node:
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
    return document(*kept, paragraph(CUT_MARK.format(place=place.words)))
