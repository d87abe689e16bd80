"""Addresses and ids in texts, made comparable between two sites."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from sitekeep_cli.comparison.model import Side
from sitekeep_cli.comparison.provenance import UNKNOWN
from sitekeep_cli.comparison.shelf import Shelf

PAGE = "page"
"""The realm of page and blog post ids: what they stand for is space key and title."""
ATTACHMENT = "attachment"
"""The realm of attachment ids of Jira: what they stand for is issue key and file name."""
MEDIA = "media"
"""The realm of media file ids: what they stand for is a file name."""
USER = "user"
"""The realm of account ids: what they stand for is a display name."""
GROUP = "group"
"""The realm of group ids: what they stand for is a group name."""
SPACE = "space"
"""The realm of space ids: what they stand for is a space key."""
PROJECT = "project"
"""The realm of project ids: what they stand for is a project key."""
FIELD = "field"
"""The realm of custom field ids: what they stand for is a field name."""
ADDRESS_FIELD = "address field"
"""The realm of the ids of custom fields whose values are addresses."""
PERMISSIONS = "permissions"
"""The realm of permission scheme ids: what they stand for is the name of the scheme."""
SECURITY = "security"
"""The realm of the projects' issue security schemes: by project id, the name of the scheme."""
PRIORITY = "priority"
"""The realm of priority ids: what they stand for is a priority name."""
PRIORITIES = "priorities"
"""The realm of the projects' priority schemes: by project id, the name of the scheme."""
SCREENS = "screens"
"""The realm of the projects' issue type screen schemes: by project id, the name of the scheme."""
LEARNT_OPTION = "learnt option"
"""The realm of names of fields whose open options alone are known, and of options below them."""
FIELD_SCHEMES = "field schemes"
"""The realm of the projects' field configuration schemes: by project id, the scheme's name."""
NOTIFICATIONS = "notifications"
"""The realm of the projects' notification schemes: by project id, the name of the scheme."""
ISSUE_TYPE = "issue type"
"""The realm of issue type ids: what they stand for is the name of the type."""
TYPE_SCHEME = "type scheme"
"""The realm of issue type scheme ids: what they stand for is the name of the scheme."""
ASSET = "asset"
"""The realm of ids of objects of Assets: what they stand for is schema key, type and label."""
SCREEN = "screen"
"""The realm of screen ids: what they stand for is the name of the screen."""
WORKFLOW_SCHEME = "workflow scheme"
"""The realm of workflow scheme ids: what they stand for is the name of the scheme."""
STATUS = "status"
"""The realm of status ids: what they stand for is the name of the status."""
RESOLUTION = "resolution"
"""The realm of resolution ids: what they stand for is the name of the resolution."""
VERSION = "version"
"""The realm of version ids: what they stand for is project key and name."""
COMPONENT = "component"
"""The realm of component ids: what they stand for is project key and name."""
OPTION = "option"
"""The realm of options, by field id and option id: what they stand for is context and values."""
PERSONAL = "personal"
"""The realm of the keys that personal spaces of others get when they are restored."""

_PAGE_PATH = re.compile(
    r"/wiki/spaces/[^/\s\"'<>]+/(?:pages|blog(?:/\d+)*)/(\d+)(?:/[^\s\"'<>?#]*)?"
)
_PAGE_ID = re.compile(r"(?<![\w])pageId=(\d+)")
_JIRA_FILE = re.compile(r"/(?:secure/attachment|rest/api/[23]/attachment/content)/(\d+)")


_PERSONAL_KEY = re.compile(r"\bPERSONAL\w+")


class Links:
    """Rewrites the texts of one side."""

    def __init__(
        self, shelf: Shelf, side: Side, site_uri: str, source: Links | None = None
    ) -> None:
        """``source``: those of the site that this one was restored from, where it is another."""
        self._shelf = shelf
        self._side = side
        self._site_uri: str = site_uri
        self._hosts = _addresses_of(site_uri)
        self._source = source if source is not None and source._site_uri != site_uri else None

    def name(self, realm: str, identifier: str) -> str | None:
        """What an id of this side stands for."""
        return self._shelf.look_up(self._side, realm, identifier)

    def person(self, account: str) -> str:
        """The name of a person as the source knows it, else as this side does."""
        known = self._shelf.look_up(Side.LEFT, USER, account)
        return known or self.name(USER, account) or UNKNOWN

    def space_key(self, key: str) -> str:
        """The key that a space had at the source."""
        return self._shelf.look_up(Side.LEFT, PERSONAL, key) or key

    def text(self, text: str) -> str:
        """The text with the site's own address and known ids replaced."""
        if self._hosts is not None:
            text = self._hosts.sub("site:", text)
        if self._side is Side.RIGHT and "PERSONAL" in text:
            text = _PERSONAL_KEY.sub(lambda match: self.space_key(match.group()), text)
        if "/" not in text and "pageId=" not in text:
            return text
        text = _PAGE_PATH.sub(self._replacement("page:", PAGE), text)
        text = _PAGE_ID.sub(self._replacement("page:", PAGE), text)
        return _JIRA_FILE.sub(self._replacement("attachment:", ATTACHMENT), text)

    def said(self, text: str) -> str:
        """The same for a text that people wrote: a restore leaves addresses in it as they are."""
        source = self._source
        if source is not None and source.is_named_in(text):
            return source.text(text)
        return self.text(text)

    def is_named_in(self, text: str) -> bool:
        """Whether a text has an address of this site."""
        return self._hosts is not None and self._hosts.search(text) is not None

    def _replacement(self, prefix: str, realm: str) -> Callable[[re.Match[str]], str]:
        return functools.partial(self._replace, prefix, realm)

    def _replace(self, prefix: str, realm: str, match: re.Match[str]) -> str:
        name = self.name(realm, match.group(1))
        return match.group() if name is None else f"{prefix}{name}"


def _addresses_of(site_uri: str) -> re.Pattern[str] | None:
    parts = urlsplit(site_uri)
    if not parts.netloc:
        return None
    # A longer name or port that begins alike is another site.
    return re.compile(rf"https?://{re.escape(parts.netloc)}(?![\w.:-])", re.IGNORECASE)
