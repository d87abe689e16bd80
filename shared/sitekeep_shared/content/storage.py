"""Rewrites Confluence bodies in storage format for another site.

Edits keep the text: only the attribute values and elements that name something of the
source site change. Unknown macros and everything in CDATA survive byte for byte.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from sitekeep_shared.content.storage_tokens import (
    attributes,
    edit_attributes,
    element_name,
    is_empty,
    is_end,
    tokens,
)

MARKER_ELEMENT = "ac:inline-comment-marker"

LINK_TARGET_UNKNOWN = "LINK_TARGET_UNKNOWN"
"""A link names content that was not restored; it was left as it is."""

TINY_LINK = "TINY_LINK"
"""A short link (``/wiki/x/…``) hides the id of its target; it was left as it is."""

MENTION_AS_TEXT = "MENTION_AS_TEXT"
"""The mentioned person has no account at the destination; the name stands there as text."""

USER_REFERENCE_UNKNOWN = "USER_REFERENCE_UNKNOWN"
"""A macro names a person without an account at the destination; it was left as it is."""

_LINK_ATTRIBUTES = frozenset({"href", "ri:value"})
_CONTENT_ATTRIBUTES = frozenset({"ri:content-id", "data-linked-resource-id"})
_CONTENT_IN_PATH = re.compile(
    r"(?P<before>/spaces/[^/?#]+/pages/(?:edit-v2/|edit/)?"
    r"|/spaces/[^/?#]+/blog/(?:\d{4}/\d{2}/\d{2}/|(?!\d{4}/\d{2}/))"
    r"|/download/(?:attachments|thumbnails)/"
    r"|[?&](?:pageId|contentId)=)"
    r"(?P<id>\d+)"
)
_SPACE_IN_PATH = re.compile(r"(?<=/spaces/)[^/?#]+|(?<=/display/)[^/?#]+")
_TINY = re.compile(r"(/wiki)?/x/[\w-]+")
_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")

Lookup = Callable[[str], str | None]
"""The destination's id for one of the source's; None where there is none."""


@dataclass(frozen=True)
class Targets:
    """What became of the things that a body may name. All keys are of the source site."""

    contents: Mapping[str, str] = field(default_factory=dict[str, str])
    """Content id → content id."""
    accounts: Mapping[str, str] = field(default_factory=dict[str, str])
    """accountId → accountId."""
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    """accountId → display name, for people without an account at the destination."""
    space_keys: Mapping[str, str] = field(default_factory=dict[str, str])
    """Space key → space key, only those that changed."""
    bases: Mapping[str, str] = field(default_factory=dict[str, str])
    """Base URL with ``/wiki`` → base URL with ``/wiki``."""


@dataclass(frozen=True)
class References:
    """The ids that a body names."""

    contents: frozenset[str]
    accounts: frozenset[str]
    space_keys: frozenset[str]


@dataclass(frozen=True)
class Rewritten:
    """A body for the destination, and how often what was lost, by the constants of this module."""

    body: str
    losses: Mapping[str, int]


def rewrite(body: str, targets: Targets) -> Rewritten:
    """Puts the destination's ids in place of the source's. Inline markers stay: see below."""
    run = _Rewriting(
        targets.contents.get,
        targets.accounts.get,
        targets.space_keys.get,
        targets.names,
        targets.bases,
    )
    return Rewritten(run.of(body), run.losses)


def references(body: str, bases: Mapping[str, str] | None = None) -> References:
    """The ids that :func:`rewrite` would ask for."""
    contents: set[str] = set()
    accounts: set[str] = set()
    keys: set[str] = set()
    run = _Rewriting(_collect(contents), _collect(accounts), _collect(keys), {}, bases or {})
    run.of(body)
    return References(frozenset(contents), frozenset(accounts), frozenset(keys))


def strip_inline_markers(body: str) -> str:
    """The body without the marks of inline comments; the marked text stays."""
    if MARKER_ELEMENT not in body:
        return body
    return "".join(token for token in tokens(body) if element_name(token) != MARKER_ELEMENT)


def paragraph(text: str) -> str:
    """One paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def quotation(text: str) -> str:
    """Plain text as a quotation."""
    return f"<blockquote>{paragraph(text)}</blockquote>"


def _collect(found: set[str]) -> Lookup:
    def lookup(identifier: str) -> str | None:
        found.add(identifier)
        return None

    return lookup


class _Rewriting:
    """One pass over a body."""

    def __init__(
        self,
        content: Lookup,
        account: Lookup,
        space_key: Lookup,
        names: Mapping[str, str],
        bases: Mapping[str, str],
    ) -> None:
        self._content = content
        self._account = account
        self._names = names
        self._space_key = space_key
        self._bases = bases
        self._shown: tuple[str, str] | None = None
        """Old and new address of the link that is open: some show it as their text."""
        self.losses: Counter[str] = Counter()

    def of(self, body: str) -> str:
        """The rewritten body."""
        source = tokens(body)
        return "".join(self._element(token, source) for token in source)

    def _element(self, token: str, rest: Iterator[str]) -> str:
        name = element_name(token)
        if name == "ac:link" and not is_end(token) and not is_empty(token):
            return self._link([token, *_up_to_end(rest, "ac:link")])
        return self._tag(token) if name else self._text(token)

    def _link(self, parts: list[str]) -> str:
        """A link element: a mention of an unknown person becomes a name."""
        for part in parts:
            account = attributes(part).get("ri:account-id") if _is_user(part) else None
            if account is not None and self._account(account) is None:
                self.losses[MENTION_AS_TEXT] += 1
                return escape(f"@{self._names.get(account, 'unknown user')}")
        return "".join(self._tag(part) if element_name(part) else part for part in parts)

    def _text(self, token: str) -> str:
        """A text; one that shows the address of its link shows the new one."""
        if self._shown is None or html.unescape(token) != self._shown[0]:
            return token
        return escape(self._shown[1])

    def _tag(self, tag: str) -> str:
        self._shown = None
        return tag if is_end(tag) else edit_attributes(tag, self._attribute)

    def _attribute(self, name: str, value: str) -> str:
        if name in _LINK_ATTRIBUTES:
            return self._shown_url(value)
        if name in _CONTENT_ATTRIBUTES:
            return self._content_id(value)
        if name == "ri:account-id":
            return self._account_id(value)
        if name == "ri:space-key":
            return self._space_key(value) or value
        return value

    def _account_id(self, account: str) -> str:
        target = self._account(account)
        if target is None:
            self.losses[USER_REFERENCE_UNKNOWN] += 1
        return target or account

    def _content_id(self, content: str) -> str:
        target = self._content(content)
        if target is None:
            self.losses[LINK_TARGET_UNKNOWN] += 1
        return target or content

    def _shown_url(self, url: str) -> str:
        rewritten = self._url(url)
        if rewritten != url:
            self._shown = (url, rewritten)
        return rewritten

    def _url(self, url: str) -> str:
        base = next((base for base in self._bases if url.startswith(base + "/")), "")
        if not base and (not url.startswith(("/", "?")) or _ABSOLUTE.match(url)):
            return url
        path = url[len(base) :]
        if _TINY.match(path):
            self.losses[TINY_LINK] += 1
            return url
        rewritten = self._path(path)
        return url if rewritten is None else self._bases.get(base, "") + rewritten

    def _path(self, path: str) -> str | None:
        """The path within the destination; None where it names what is not there."""
        unknown = False

        def replaced(match: re.Match[str]) -> str:
            nonlocal unknown
            target = self._content(match["id"])
            unknown = unknown or target is None
            return match["before"] + (target or match["id"])

        result = _CONTENT_IN_PATH.sub(replaced, path)
        result = _SPACE_IN_PATH.sub(lambda key: self._space_key(key[0]) or key[0], result)
        if unknown:
            self.losses[LINK_TARGET_UNKNOWN] += 1
            return None
        return result


def _is_user(token: str) -> bool:
    return element_name(token) == "ri:user"


def _up_to_end(rest: Iterator[str], name: str) -> Iterator[str]:
    for token in rest:
        yield token
        if is_end(token) and element_name(token) == name:
            return
