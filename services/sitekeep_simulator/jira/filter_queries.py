"""Judges the query of a filter as a site does: its grammar, and whether it names what exists."""

from __future__ import annotations

import re
from collections.abc import Callable

from sitekeep_simulator.jira.field_contexts import options_of
from sitekeep_simulator.jira.fields import (
    SELECT_TYPES,
    SPRINT_TYPE,
    custom_fields,
    field_type,
)
from sitekeep_simulator.jira.objects import JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused

_TOKEN = re.compile(
    r"""\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|!=|!~|<=|>=|&&|\|\||[=~<>!(),]"""
    r"""|(?:\\.|[^\s"'=~<>!(),])+)"""
)
_COMPARISONS = ("=", "!=", "~", "!~", "<", ">", "<=", ">=")
_PREDICATES = ("from", "to", "by", "before", "after", "on", "during")
_NAMED: dict[str, ObjectKind] = {
    "fixversion": ObjectKind.VERSION,
    "affectedversion": ObjectKind.VERSION,
    "component": ObjectKind.COMPONENT,
    "issuetype": ObjectKind.ISSUE_TYPE,
    "type": ObjectKind.ISSUE_TYPE,
    "status": ObjectKind.STATUS,
    "priority": ObjectKind.PRIORITY,
    "resolution": ObjectKind.RESOLUTION,
    "filter": ObjectKind.FILTER,
    "savedfilter": ObjectKind.FILTER,
    "sprint": ObjectKind.SPRINT,
    "category": ObjectKind.CATEGORY,
    "level": ObjectKind.SECURITY_LEVEL,
}
_ISSUES = frozenset({"issue", "key", "issuekey", "id", "parent", "epic link"})
_PEOPLE = frozenset({"assignee", "reporter", "creator", "watcher", "voter", "worklogauthor"})
_OTHERS = frozenset(
    {
        "summary",
        "description",
        "environment",
        "text",
        "comment",
        "labels",
        "created",
        "updated",
        "resolved",
        "due",
        "duedate",
        "createddate",
        "updateddate",
        "resolutiondate",
        "timespent",
        "timeestimate",
        "originalestimate",
        "remainingestimate",
        "statuscategory",
        "project",
        "lastviewed",
        "votes",
        "watchers",
        "attachments",
        "rank",
        "hierarchylevel",
        "issuelinktype",
        "worklogdate",
    }
)
_PROJECT_FUNCTIONS = frozenset(
    {
        "releasedversions",
        "unreleasedversions",
        "latestreleasedversion",
        "earliestunreleasedversion",
    }
)
Check = Callable[[str], bool]


def check_query(jira: Jira, query: str) -> None:
    """Raises Refused (400) for a query that a site would not save."""
    _Judge(jira, query).judge()


class _Judge:
    def __init__(self, jira: Jira, query: str) -> None:
        self._jira = jira
        self._tokens = _tokens(query)
        self._place = 0
        self._custom = {
            word: field
            for field in custom_fields(jira)
            for word in (f"cf[{field.id}]", field.name.casefold())
        }

    def judge(self) -> None:
        if self._peek() not in (None, "order"):
            self._alternatives()
        if self._peek() == "order":
            self._order()
        if self._peek() is not None:
            raise _wrong(f"'{self._peek()}' was not expected")

    def _peek(self, ahead: int = 0) -> str | None:
        place = self._place + ahead
        return self._tokens[place].casefold() if place < len(self._tokens) else None

    def _next(self) -> str:
        if self._place >= len(self._tokens):
            raise _wrong("it ends too early")
        self._place += 1
        return self._tokens[self._place - 1]

    def _expect(self, token: str) -> None:
        found = self._next()
        if found.casefold() != token:
            raise _wrong(f"expecting '{token}' but got '{found}'")

    def _takes(self, *words: str) -> bool:
        if self._peek() in words:
            self._place += 1
            return True
        return False

    def _alternatives(self) -> None:
        self._condition()
        while self._takes("and", "or", "&&", "||"):
            self._condition()

    def _condition(self) -> None:
        while self._takes("not", "!"):
            pass
        if self._takes("("):
            self._alternatives()
            self._expect(")")
        else:
            self._clause()

    def _clause(self) -> None:
        check = self._check(_plain(self._next()))
        if self._takes(*_COMPARISONS):
            self._operand(check)
        elif self._takes("is"):
            self._takes("not")
            if not self._takes("empty", "null"):
                raise _wrong("expecting EMPTY or NULL")
        elif self._takes("changed"):
            self._predicates(check)
        elif self._takes("was"):
            self._takes("not")
            self._takes("in")
            self._operand(check)
            self._predicates(check)
        else:
            self._takes("not")
            self._expect("in")
            self._operand(check)

    def _predicates(self, check: Check) -> None:
        while self._peek() in _PREDICATES:
            word = self._next().casefold()
            self._operand(check if word in ("from", "to") else _anything)

    def _operand(self, check: Check) -> None:
        if self._takes("("):
            self._operand(check)
            while self._takes(","):
                self._operand(check)
            self._expect(")")
            return
        token = self._next()
        if token in (*_COMPARISONS, ")", ","):
            raise _wrong(f"'{token}' was not expected")
        if self._takes("("):
            self._arguments(token.casefold())
        elif token.casefold() not in ("empty", "null") and not check(token):
            raise Refused(400, f"The value '{_plain(token)}' does not exist for the field.")

    def _arguments(self, function: str) -> None:
        check: Check = _anything
        if function in _PROJECT_FUNCTIONS:
            check = self._is_project
        elif function == "projectswhereuserhasrole":
            check = self._is_role
        elif function == "linkedissues":
            check = self._is_issue
        elif function == "cascadeoption":
            check = self._is_option
        while not self._takes(")"):
            if not self._takes(","):
                self._operand(check)

    def _order(self) -> None:
        self._expect("order")
        self._expect("by")
        while True:
            self._check(_plain(self._next()))
            self._takes("asc", "desc")
            if not self._takes(","):
                return

    def _check(self, name: str) -> Check:
        """What tells whether a value exists for a field. Raises Refused for an unknown field."""
        word = name.casefold()
        checks: dict[str, Check] = {"project": self._is_project}
        checks |= dict.fromkeys(_ISSUES, self._is_issue) | dict.fromkeys(_PEOPLE, self._is_person)
        if word in checks:
            return checks[word]
        if word in _NAMED:
            return lambda token: self._is_named(_NAMED[word], token)
        if word in self._custom:
            return self._of_custom(self._custom[word])
        if word in _OTHERS:
            return _anything
        raise Refused(400, f"Field '{name}' does not exist or you do not have permission.")

    def _of_custom(self, field: JiraObject) -> Check:
        if field.body["type"] == SPRINT_TYPE:
            return lambda token: self._is_named(ObjectKind.SPRINT, token)
        if field_type(field) == "userpicker":
            return self._is_person
        if field_type(field) not in SELECT_TYPES:
            return _anything
        options = options_of(self._jira, field)
        known = {text for each in options for text in (each.name.casefold(), str(each.id))}
        return lambda token: _plain(token).casefold() in known

    def _is_project(self, token: str) -> bool:
        text = _plain(token)
        if Projects(self._jira).find(text) is not None:
            return True
        return any(each.name.casefold() == text.casefold() for each in Projects(self._jira).all())

    def _is_issue(self, token: str) -> bool:
        text = _plain(token)
        if text.isdigit():
            found = self._jira.store.value("SELECT 1 FROM jira_issue WHERE id = ?", (int(text),))
            return bool(found)
        key, _, number = text.upper().rpartition("-")
        return bool(
            self._jira.store.value(
                "SELECT 1 FROM jira_issue i JOIN jira_project p ON p.id = i.project_id "
                "WHERE p.key = ? AND i.number = ?",
                (key, number),
            )
        )

    def _is_person(self, token: str) -> bool:
        return self._jira.accounts.get(_plain(token)) is not None

    def _is_role(self, token: str) -> bool:
        return self._jira.objects.named(ObjectKind.ROLE, _plain(token)) is not None

    def _is_option(self, token: str) -> bool:
        return self._jira.objects.get(ObjectKind.OPTION, _plain(token)) is not None

    def _is_named(self, kind: ObjectKind, token: str) -> bool:
        text = _plain(token)
        if self._jira.objects.get(kind, text) is not None:
            return True
        return any(each.name.casefold() == text.casefold() for each in self._jira.objects.all(kind))


def _anything(_: str) -> bool:
    return True


def _tokens(query: str) -> list[str]:
    found: list[str] = []
    place, text = 0, query.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _wrong(f"'{text[place:].strip()[:1]}' is not understood")
        found.append(match.group(1))
        place = match.end()
    return found


def _plain(token: str) -> str:
    text = token[1:-1] if token[:1] in "\"'" else token
    return re.sub(r"\\(.)", r"\1", text)


def _wrong(what: str) -> Refused:
    return Refused(400, f"Error in the JQL Query: {what}.")
