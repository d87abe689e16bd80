"""The few things of an issue that the export looks at; everything else stays bytes.

Thousands of them are there at once and none is part of a cycle: the garbage collector, which took a
tenth of an export's time, need not look at them.
"""

from __future__ import annotations

import functools
from typing import Any, cast

import msgspec

from sitekeep_backup.exporters.jira.issue_reading import IssueReading
from sitekeep_backup.exporters.jira.raw import Identified
from sitekeep_shared.content.service_fields import SERVICE_PROJECT, request_type_of
from sitekeep_shared.kinds import Kind

EPIC_LEVEL = 1
"""The level of the issue types that Jira Software treats as epics."""


class CommentPage(msgspec.Struct, gc=False):
    """``fields.comment``: the newest comments, at most 100, and how many there are."""

    comments: list[Identified] = []
    total: int = 0


class WorklogPage(msgspec.Struct, gc=False):
    """``fields.worklog``: at most 20 worklogs, and how many there are."""

    worklogs: list[Identified] = []
    total: int = 0


class Watches(msgspec.Struct, rename="camel", gc=False):
    """``fields.watches``."""

    watch_count: int = 0


class OtherIssue(msgspec.Struct, gc=False):
    """An issue that another one shows."""

    id: str
    key: str = ""


class Link(msgspec.Struct, rename="camel", gc=False):
    """One of ``fields.issuelinks``: it names the other end on one of two sides."""

    outward_issue: OtherIssue | None = None
    inward_issue: OtherIssue | None = None


class Votes(msgspec.Struct, gc=False):
    """``fields.votes``."""

    votes: int = 0


class IssueType(msgspec.Struct, rename="camel", gc=False):
    """``fields.issuetype``."""

    subtask: bool = False
    hierarchy_level: int = 0


class Home(Identified):
    """``fields.project``."""

    type: str = msgspec.field(default="", name="projectTypeKey")


class Fields(msgspec.Struct):
    """``fields`` of an issue."""

    issuetype: IssueType | None = None
    project: Home | None = None
    updated: str | None = None
    archiveddate: str | None = None
    comment: CommentPage | None = None
    worklog: WorklogPage | None = None
    watches: Watches | None = None
    votes: Votes | None = None
    issuelinks: list[Link] | None = None
    subtasks: list[OtherIssue] | None = None
    parent: OtherIssue | None = None
    attachment: list[msgspec.Raw] | None = None

    @property
    def is_subtask(self) -> bool:
        """Whether it is a part of another issue."""
        return self.issuetype is not None and self.issuetype.subtask

    @property
    def neighbours(self) -> list[tuple[str, str]]:
        """Id and key of the issues that show this one: linked ones, its parent, its sub-tasks."""
        links = self.issuelinks or ()
        ends = (end for link in links for end in (link.outward_issue, link.inward_issue))
        others = (*ends, *(self.subtasks or ()), self.parent)
        return [(other.id, other.key) for other in others if other is not None]

    @property
    def planned_sprints(self) -> list[msgspec.Raw]:
        """The sprints that the issue is or was in, where :func:`head_type` reads them.

        A sub-task has none of its own: it shows those of its parent.
        """
        if self.is_subtask:
            return []
        return cast("list[msgspec.Raw]", getattr(self, "sprints", None) or [])

    @property
    def planned_rank(self) -> str:
        """Its place in the order of all issues, where :func:`head_type` reads it."""
        if self.is_subtask:
            return ""
        return str(getattr(self, "rank", None) or "")

    @property
    def may_hide_request(self) -> bool:
        """Whether it is in a service project and does not say if it is a request."""
        is_said = getattr(self, "request", msgspec.UNSET) is not msgspec.UNSET
        return not is_said and self.project is not None and self.project.type == SERVICE_PROJECT

    @property
    def request_type(self) -> str:
        """The id of its request type; empty where it is no request or does not say it."""
        return request_type_of(getattr(self, "request", None))


@functools.cache
def head_type(sprint_field: str, rank_field: str, request_field: str) -> type[Head]:
    """A Head that also reads the fields of the apps of Jira, which each site numbers itself."""
    names = {
        "sprints": sprint_field or "no sprints",
        "rank": rank_field or "no rank",
        "request": request_field or "no request",
    }
    fields: list[tuple[str, Any, Any]] = [
        ("sprints", list[msgspec.Raw] | None, None),
        ("rank", str | None, None),
        ("request", Any, msgspec.UNSET),
    ]
    known = msgspec.defstruct("PlannedFields", fields, bases=(Fields,), rename=names)
    return cast("type[Head]", msgspec.defstruct("PlannedHead", [("fields", known)], bases=(Head,)))


class Head(msgspec.Struct):
    """An issue of issue/bulkfetch."""

    id: str
    key: str
    fields: Fields


class IssueFailure(msgspec.Struct, rename="camel"):
    """One of ``issueErrors``."""

    id: str | int = ""
    error_message: str = ""


class FetchedIssues(msgspec.Struct, rename="camel"):
    """The answer of issue/bulkfetch."""

    issues: list[msgspec.Raw] = []
    issue_errors: list[IssueFailure] = []


class SeenIssue(msgspec.Struct):
    """A stored issue whose response asks for more."""

    id: str
    key: str
    number: int
    fields: Fields
    reading: IssueReading
    """What is stored and counted for it."""
    further: dict[Kind, list[str]] = {}
    """The ids of its comments and worklogs that its answer lacks, once they are read."""

    @property
    def comments(self) -> CommentPage:
        """Its embedded comments."""
        return self.fields.comment or CommentPage()

    @property
    def worklogs(self) -> WorklogPage:
        """Its embedded worklogs."""
        return self.fields.worklog or WorklogPage()

    @property
    def watch_count(self) -> int:
        """How many people watch it."""
        return self.fields.watches.watch_count if self.fields.watches else 0

    @property
    def vote_count(self) -> int:
        """How many people have voted for it."""
        return self.fields.votes.votes if self.fields.votes else 0

    @property
    def is_epic(self) -> bool:
        """Whether it is of the level above that of standard issues."""
        kind = self.fields.issuetype
        return kind is not None and kind.hierarchy_level == EPIC_LEVEL

    @property
    def outward_links(self) -> int:
        """How many links it holds the outward end of."""
        return sum(link.outward_issue is not None for link in self.fields.issuelinks or ())

    @property
    def attachments(self) -> list[msgspec.Raw]:
        """The metadata of its files."""
        return self.fields.attachment or []
