"""Where a JQL query names something by an id, and of what kind that something is.

Source: Atlassian, "JQL fields", "JQL operators", "JQL functions" (Jira Cloud). A query is read,
never judged: what is not understood names nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sitekeep_shared.kinds import Kind

OPTION = "option"
"""The realm of the options of select fields; the other realms are values of :class:`Kind`."""

SECURITY_LEVEL = "security_level"
"""The realm of the levels of issue security schemes."""

SPRINT_FIELD = "com.pyxis.greenhopper.jira:gh-sprint"
RANK_FIELD = "com.pyxis.greenhopper.jira:gh-lexo-rank"
"""The types of the fields that Jira Software keeps by itself."""

_SELECTS = frozenset(
    {"select", "multiselect", "radiobuttons", "multicheckboxes", "cascadingselect"}
)
_REALM_OF_TYPE: Mapping[str, str] = {
    **{f"com.atlassian.jira.plugin.system.customfieldtypes:{name}": OPTION for name in _SELECTS},
    "com.atlassian.jira.plugin.system.customfieldtypes:version": Kind.VERSION,
    "com.atlassian.jira.plugin.system.customfieldtypes:multiversion": Kind.VERSION,
    "com.atlassian.jira.plugin.system.customfieldtypes:project": Kind.PROJECT,
    SPRINT_FIELD: Kind.SPRINT,
    "com.pyxis.greenhopper.jira:gh-epic-link": Kind.ISSUE,
}
_REALM_OF_FIELD: Mapping[str, str] = {
    "project": Kind.PROJECT,
    "category": Kind.PROJECT_CATEGORY,
    "fixversion": Kind.VERSION,
    "affectedversion": Kind.VERSION,
    "component": Kind.COMPONENT,
    "issuetype": Kind.ISSUE_TYPE,
    "type": Kind.ISSUE_TYPE,
    "status": Kind.STATUS,
    "priority": Kind.PRIORITY,
    "resolution": Kind.RESOLUTION,
    "level": SECURITY_LEVEL,
    **dict.fromkeys(("filter", "savedfilter", "request", "searchrequest"), Kind.FILTER),
    "sprint": Kind.SPRINT,
    **dict.fromkeys(("issue", "key", "issuekey", "id", "parent", "epic link"), Kind.ISSUE),
}
_REALM_OF_FUNCTION: Mapping[str, str] = {
    "releasedversions": Kind.PROJECT,
    "unreleasedversions": Kind.PROJECT,
    "latestreleasedversion": Kind.PROJECT,
    "earliestunreleasedversion": Kind.PROJECT,
    "cascadeoption": OPTION,
    "linkedissues": Kind.ISSUE,
}
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    | cf\[(?P<field>\d+)\]
    | (?P<operator>!=|!~|<=|>=|&&?|\|\|?|[=~<>!])
    | (?P<mark>[(),])
    | (?P<word>(?:\\.|[^\s"'=~<>!(),|&])+)
    | (?P<other>\S)
    )""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ACCOUNT = re.compile(r"(?:[0-9a-f]{24}|\w+:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_JOINS = frozenset({"and", "or", "&", "&&", "|", "||"})
_OF_THE_FIELD = frozenset({"in", "is", "was", "changed", "from", "to"})
_OF_NOTHING = frozenset({"before", "after", "on", "during", "by"})


@dataclass(frozen=True)
class Reference:
    """An id inside a query."""

    start: int
    end: int
    """The place of what a replacement replaces: the quotes included, of ``cf[1]`` the number."""
    realm: str
    id: str
    """``customfield_10010`` where the query says ``cf[10010]``."""
    quoted: bool = False
    """Whether it stands in quotes: then a thing of that name goes before one of that id."""


def custom_realms(fields: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What the values of custom fields name, by each word that a query knows a field by.

    ``fields`` are as ``GET /rest/api/3/field`` lists them.
    """
    found: dict[str, str] = {}
    for field in fields:
        schema: Mapping[str, Any] = field.get("schema") or {}
        realm = _REALM_OF_TYPE.get(str(schema.get("custom") or ""))
        if realm is not None:
            words = [field.get("name"), *(field.get("clauseNames") or ())]
            found |= {str(word).casefold(): realm for word in words if word}
    return found


def references(query: str, custom: Mapping[str, str]) -> list[Reference]:
    """Every id in a query, in its order. ``custom``: see :func:`custom_realms`."""
    return list(_Walk(query, custom).references())


def replaced(query: str, texts: Mapping[Reference, str]) -> str:
    """The query with other texts in place of some references."""
    parts: list[str] = []
    place = 0
    for reference in sorted(texts, key=lambda one: one.start):
        parts += (query[place : reference.start], texts[reference])
        place = reference.end
    return "".join((*parts, query[place:]))


class _Walk:
    """Goes through a query token by token and knows of which field a value is."""

    def __init__(self, query: str, custom: Mapping[str, str]) -> None:
        self._query = query
        self._custom = custom
        self._clause = ""
        """The realm of the field of the clause; empty: its values name nothing."""
        self._values: list[str] = [""]
        """The realm of the values that come next, a list or a call deeper at its end."""
        self._before_field = True
        self._last = ""

    def references(self) -> Iterator[Reference]:
        for match in _TOKEN.finditer(self._query):
            yield from self._token(match)
            self._last = _content(match).casefold()

    def _token(self, match: re.Match[str]) -> Iterator[Reference]:
        number = match.group("field")
        if number is not None:
            yield Reference(*match.span("field"), Kind.FIELD, f"customfield_{number}")
        text = _content(match)
        word = "" if match.group("quoted") else text.casefold()
        if match.group("mark"):
            self._mark(text)
        elif word in _JOINS or (word == "by" and self._last == "order"):
            self._begin_clause(ordering=word == "by")
        elif self._before_field:
            self._field(word, text)
        elif not self._keyword(word):
            yield from self._value(match, text)

    def _mark(self, mark: str) -> None:
        if mark == ")" and len(self._values) > 1:
            self._values.pop()
        elif mark == "(" and not self._before_field:
            is_list = self._last in ("in", "during")
            called = _REALM_OF_FUNCTION.get(self._last, "")
            self._values.append(self._values[-1] if is_list else called)

    def _begin_clause(self, *, ordering: bool) -> None:
        self._before_field = not ordering
        self._clause, self._values = "", [""]

    def _field(self, word: str, text: str) -> None:
        if word in ("not", "!"):
            return
        name = text.casefold()
        self._clause = self._custom.get(name) or _REALM_OF_FIELD.get(name, "")
        self._values = [self._clause]
        self._before_field = False

    def _keyword(self, word: str) -> bool:
        if word in _OF_THE_FIELD:
            self._values = [self._clause]
        elif word in _OF_NOTHING:
            self._values = [""]
        return word in _OF_THE_FIELD or word in _OF_NOTHING

    def _value(self, match: re.Match[str], text: str) -> Iterator[Reference]:
        quoted = match.group("quoted") is not None
        span = match.span("quoted" if quoted else "word")
        if _ACCOUNT.match(text):
            yield Reference(*span, Kind.USER, text, quoted)
        elif text.isdecimal() and self._values[-1]:
            yield Reference(*span, self._values[-1], text, quoted)


def _content(match: re.Match[str]) -> str:
    """What a token says: without blanks, quotes and escapes."""
    text = match.group().strip()
    if match.group("quoted"):
        text = text[1:-1]
    return _ESCAPED.sub(r"\1", text)
