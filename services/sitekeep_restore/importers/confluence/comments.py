"""Footer and inline comments with their replies, and what became of their state.

An inline comment is anchored again by the text that it was about; where that text is not
there any more it becomes a footer comment that quotes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sitekeep_restore.importers.confluence import threads
from sitekeep_restore.importers.confluence.anchors import Anchors
from sitekeep_restore.importers.confluence.lookup import find_entry
from sitekeep_restore.importers.confluence.origin import Origin, People, mark
from sitekeep_restore.importers.confluence.rewriting import Rewriter, remark_losses
from sitekeep_restore.importers.confluence.stubs import PLURALS, Body, Version, storage_body
from sitekeep_restore.importers.confluence.together import together
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.confluence_lists import V2, read_all
from sitekeep_shared.content.storage import quotation
from sitekeep_shared.content.storage_text import plain_text
from sitekeep_shared.kinds import Kind

AS_FOOTER = "inline_as_footer"
"""Identities: source id of an inline comment that became a footer comment → its id there."""

_LISTS = {Kind.FOOTER_COMMENT: "footer-comments", Kind.INLINE_COMMENT: "inline-comments"}
_OWNER_FIELDS = {
    Kind.PAGE.value: "pageId",
    Kind.BLOG_POST.value: "blogPostId",
    Kind.ATTACHMENT.value: "attachmentId",
}
_BODY = (("body-format", "storage"), ("limit", "250"))


class _Properties(msgspec.Struct):
    reference: str | None = msgspec.field(name="inlineMarkerRef", default=None)
    selection: str | None = msgspec.field(name="inlineOriginalSelection", default=None)


class _Comment(msgspec.Struct):
    id: str
    parent: str | None = msgspec.field(name="parentCommentId", default=None)
    version: Version = msgspec.field(default_factory=Version)
    body: Body = msgspec.field(default_factory=Body)
    resolution: str | None = msgspec.field(name="resolutionStatus", default=None)
    properties: _Properties | None = None

    @property
    def storage(self) -> str:
        """The body in storage format."""
        return self.body.storage.value if self.body.storage else ""


@dataclass(frozen=True)
class _Item:
    """A comment of the backup and what it is on."""

    comment: _Comment
    container_kind: str
    container: str
    parent: str


@dataclass
class _Threads:
    """What the threads of a unit have in common."""

    kind: Kind
    containers: dict[tuple[str, str], str]
    done: dict[str, str]
    as_footer: dict[str, str]
    rewriter: Rewriter
    people: People
    anchors: Anchors


async def import_comments(unit: ImportUnit) -> None:
    """Makes the comments of some threads. Raises SiteError."""
    kind = Kind(unit.plan.arguments["kind"])
    now, later = threads.split(unit.plan.arguments["containers"])
    containers = [
        [[await _read(unit, kind, number) for number in thread] for thread in container]
        for container in now
    ]
    items = [item for container in containers for thread in container for item in thread]
    unit.tally.expect(kind, len(items))
    people = People(unit.backup)
    sources = {item.comment.id for item in items}
    shared = _Threads(
        kind,
        await _containers(unit, items),
        await unit.identities.get(kind.value, sources),
        await unit.identities.get(AS_FOOTER, sources) if kind == Kind.INLINE_COMMENT else {},
        await Rewriter.of(unit, (item.comment.storage for item in items), people),
        people,
        Anchors(unit, people),
    )
    await together(_container(unit, shared, container) for container in containers)
    if later:
        unit.spawn(threads.unit_after(unit.plan, later))


async def _container(
    unit: ImportUnit, shared: _Threads, container: Sequence[Sequence[_Item]]
) -> None:
    """One thread after the other: they are shown in the order in which they are made."""
    for thread in container:
        await _thread(unit, shared, thread)


async def _read(unit: ImportUnit, kind: Kind, number: int) -> _Item:
    entry = await find_entry(unit.backup, kind, str(number))
    assert entry is not None, "the threads are made of entries"
    comment = msgspec.json.decode(await unit.backup.read(entry), type=_Comment)
    attributes = entry.attributes
    return _Item(
        comment,
        attributes.get("container_kind", ""),
        attributes.get("container", ""),
        attributes.get("parent", ""),
    )


async def _containers(unit: ImportUnit, items: Sequence[_Item]) -> dict[tuple[str, str], str]:
    targets: dict[tuple[str, str], str] = {}
    for kind in _OWNER_FIELDS:
        sources = {item.container for item in items if item.container_kind == kind}
        found = await unit.identities.get(kind, sources) if sources else {}
        targets |= {(kind, source): target for source, target in found.items()}
    return targets


async def _thread(unit: ImportUnit, shared: _Threads, thread: Sequence[_Item]) -> None:
    """One comment after the other; the state of the thread at the end."""
    for item in thread:
        await _Writing(unit, shared, item).restore()
    root = thread[0].comment
    if root.resolution == "resolved" and root.id in shared.done:
        await _resolve(unit, shared, root)


class _Writing:
    """Restores one comment."""

    def __init__(self, unit: ImportUnit, shared: _Threads, item: _Item) -> None:
        self._unit = unit
        self._shared = shared
        self._item = item
        self._comment = item.comment
        self._lossy = False

    async def restore(self) -> None:
        """Makes the comment unless it is there, and marks it. Raises SiteError."""
        origin = await self._origin()
        rewritten = self._shared.rewriter.rewrite(self._comment.storage)
        value = origin.first_line + rewritten.body
        known = self._shared.done.get(self._comment.id)
        try:
            target = known or await self._made(value)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            self._missing("COMMENT_REFUSED", error.message)
            return
        if target is None:
            return
        if known is None:
            self._shared.done[self._comment.id] = target
            kind = self._shared.kind.value
            await self._unit.identities.put(kind, {self._comment.id: target})
        look = not self._unit.first_attempt
        await mark(self._unit.site, self._shared.kind, target, origin, look=look)
        lossy = remark_losses(self._unit, self._shared.kind, self._comment.id, rewritten.losses)
        self._unit.tally.done(self._shared.kind, len(value), lossy=self._lossy or lossy)

    async def _origin(self) -> Origin:
        """A comment says who wrote its newest version, and when; v2 has no more."""
        version = self._comment.version
        name = await self._shared.people.name(version.author)
        return Origin(self._comment.id, version.author, name, version.created, version.created)

    async def _made(self, value: str) -> str | None:
        parent = self._item.parent
        if parent and parent in self._shared.done:
            return await self._reply(value, parent)
        owner = self._owner()
        if owner is None:
            message = "What the comment was on was not restored."
            self._missing("CONTAINER_NOT_RESTORED", message)
            return None
        if parent:
            self._lose("PARENT_NOT_RESTORED", "The comment that it answers is not there.")
        if self._shared.kind == Kind.INLINE_COMMENT:
            return await self._inline(value, owner)
        return await self._post(Kind.FOOTER_COMMENT, owner, value)

    def _owner(self) -> dict[str, str] | None:
        key = (self._item.container_kind, self._item.container)
        target = self._shared.containers.get(key)
        return None if target is None else {_OWNER_FIELDS[key[0]]: target}

    async def _reply(self, value: str, parent: str) -> str:
        kind = self._shared.kind
        if parent in self._shared.as_footer:
            kind = Kind.FOOTER_COMMENT
            self._lose("INLINE_AS_FOOTER", "The thread became one of footer comments.")
        body = {"parentCommentId": self._shared.done[parent]}
        target = await self._post(kind, body, value)
        if kind != self._shared.kind:
            await self._note_as_footer(target)
        return target

    async def _inline(self, value: str, owner: dict[str, str]) -> str:
        selection = (self._comment.properties and self._comment.properties.selection) or ""
        anchor = await self._shared.anchors.find(
            self._item.container_kind,
            self._item.container,
            (self._comment.properties and self._comment.properties.reference) or "",
            "" if self._comment.resolution == "dangling" else selection,
        )
        if anchor is not None:
            place = {
                "textSelection": anchor.selection,
                "textSelectionMatchCount": anchor.count,
                "textSelectionMatchIndex": anchor.index,
            }
            body = {**owner, "inlineCommentProperties": place}
            try:
                target = await self._post(Kind.INLINE_COMMENT, body, value)
            except SiteRefused:
                pass
            else:
                if not anchor.certain:
                    self._lose("ANCHOR_UNCERTAIN", "Its text occurs more than once.")
                return target
        return await self._as_footer(value, owner, selection)

    async def _as_footer(self, value: str, owner: dict[str, str], selection: str) -> str:
        self._lose("INLINE_AS_FOOTER", "Its text is not there: a footer comment that quotes it.")
        quoted = value.replace("</p>", f"</p>{quotation(selection)}", 1) if selection else value
        target = await self._post(Kind.FOOTER_COMMENT, owner, quoted)
        await self._note_as_footer(target)
        return target

    async def _note_as_footer(self, target: str) -> None:
        self._shared.as_footer[self._comment.id] = target
        await self._unit.identities.put(AS_FOOTER, {self._comment.id: target})

    async def _post(self, kind: Kind, place: dict[str, Any], value: str) -> str:
        """v2 ``POST /footer-comments`` or ``POST /inline-comments``, unless it is there."""
        if not self._unit.first_attempt:
            found = await self._find(kind, place, value)
            if found is not None:
                return found
        body = {**place, "body": storage_body(value)}
        made = await self._unit.site.post_json(f"{V2}/{_LISTS[kind]}", body)
        return str(made["id"])

    async def _find(self, kind: Kind, place: dict[str, Any], value: str) -> str | None:
        """The comment that an earlier attempt made: with the same text, origin line included."""
        text = plain_text(value)
        template, target = _siblings(kind, place)
        taken = set(self._shared.done.values())
        async for item in read_all(self._unit.site, template, _BODY, id=target):
            found = msgspec.json.decode(item, type=_Comment)
            if found.id not in taken and plain_text(found.storage) == text:
                return found.id
        return None

    def _lose(self, reason: str, message: str) -> None:
        self._lossy = True
        self._unit.tally.remark(self._shared.kind, self._comment.id, reason, message)

    def _missing(self, reason: str, message: str) -> None:
        self._unit.tally.missing(self._shared.kind, self._comment.id, reason, message)


def _siblings(kind: Kind, place: dict[str, Any]) -> tuple[str, str]:
    """The list of comments that a new one would be in, and the id in its path."""
    if "parentCommentId" in place:
        return f"{V2}/{_LISTS[kind]}/{{id}}/children", place["parentCommentId"]
    for owner, name in _OWNER_FIELDS.items():
        if name in place:
            plural = PLURALS.get(Kind(owner), "attachments")
            return f"{V2}/{plural}/{{id}}/{_LISTS[kind]}", place[name]
    raise AssertionError("a comment is on something")


async def _resolve(unit: ImportUnit, shared: _Threads, root: _Comment) -> None:
    """Resolves a thread (v2 ``PUT /inline-comments/{id}``); a footer comment has no such state."""
    if root.id in shared.as_footer:
        message = "The thread was resolved; footer comments have no such state."
        unit.tally.remark(shared.kind, root.id, "RESOLUTION_LOST", message)
        return
    template = f"{V2}/inline-comments/{{id}}"
    query = (("body-format", "storage"),)
    answer = await unit.site.get(template, query, id=shared.done[root.id])
    present = msgspec.json.decode(answer, type=_Comment)
    if present.resolution == "resolved":
        return
    body = {
        "version": {"number": present.version.number + 1},
        "body": storage_body(present.storage),
        "resolved": True,
    }
    try:
        await unit.site.put_json(template, body, id=present.id)
    except (SiteRefused, SiteForbidden) as error:
        unit.tally.remark(shared.kind, root.id, "RESOLUTION_LOST", error.message)
