"""Reads two backups and finds every difference."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from sitekeep_cli.comparison import (
    absent,
    adf,
    assets,
    confluence,
    cut_texts,
    directory,
    jira_access,
    jira_configuration,
    jira_issues,
    jira_planning,
    jira_plans,
    jira_properties,
    jira_screens,
    jira_workflows,
    scoped,
    service_management,
    unheld,
)
from sitekeep_cli.comparison.jira_rule_order import in_place
from sitekeep_cli.comparison.links import Links
from sitekeep_cli.comparison.model import Backup, Difference, Json, KindResult, Mode, Side
from sitekeep_cli.comparison.paths import differing
from sitekeep_cli.comparison.reading import WHY_UNKNOWN, Reading, names_nothing
from sitekeep_cli.comparison.shape import is_object
from sitekeep_cli.comparison.shelf import Pair, Shelf
from sitekeep_cli.comparison.unseen import WHY_UNSEEN, Unseen
from sitekeep_shared.coverage import EXTRA, MISSING, CoverageRow
from sitekeep_shared.kinds import Kind

OWN_OF_THE_DESTINATION = "the destination site's own"
_SITE_OWN = frozenset(
    {
        Kind.USER,
        Kind.GROUP,
        Kind.MEMBERSHIP,
        Kind.ISSUE_TYPE,
        Kind.STATUS,
        Kind.PRIORITY,
        Kind.RESOLUTION,
        Kind.ISSUE_LINK_TYPE,
        Kind.PROJECT_ROLE,
        Kind.PROJECT_CATEGORY,
        Kind.NOTIFICATION_SCHEME,
        Kind.PERMISSION_SCHEME,
        Kind.ISSUE_SECURITY_SCHEME,
        Kind.PRIORITY_SCHEME,
        Kind.ISSUE_TYPE_SCHEME,
        Kind.WORKFLOW,
        Kind.WORKFLOW_SCHEME,
        Kind.FIELD,
        Kind.PROJECT_FEATURE,
        Kind.FIELD_CONTEXT,
        Kind.SCREEN,
        Kind.SCREEN_SCHEME,
        Kind.ISSUE_TYPE_SCREEN_SCHEME,
        Kind.FIELD_CONFIGURATION,
    }
)
"""Kinds of which every site has some from its first day; a restore leaves them there."""

_MAY_MOVE = frozenset({Kind.FOOTER_COMMENT, Kind.INLINE_COMMENT})
"""An inline comment whose text is gone comes back as a footer comment, if that is declared."""

_FILLED_BY_THE_SITE = frozenset(
    {
        (Kind.ISSUE, "priority"),
        (Kind.PROJECT_ROLE, "default"),
        (Kind.PROJECT, "notificationScheme"),
        (Kind.PROJECT, "permissionScheme"),
        (Kind.PROJECT, "screenScheme"),
        (Kind.PROJECT, "issueTypeScheme"),
        (Kind.PROJECT, "workflowScheme"),
        (Kind.PROJECT, "issueTypes"),
        (Kind.ISSUE_TYPE_SCHEME, "types"),
        (Kind.SPRINT, "board"),
        (Kind.PLAN, "scheduling"),
    }
)
"""What is declared because a site has or insists on a value: where the source has one, it stays."""

_ONLY_FROM_TO = {(Kind.SPRINT, "state"): ("active", "future")}
"""What is declared because a site may refuse one step: any other change of it is not."""

_ONLY_LEFT_OUT = {Kind.DASHBOARD: "gadgets", Kind.WORKFLOW: "transitions"}
"""Kinds of which parts are declared to be left out, never to become something else: where."""

_HELD_BY_MANY = frozenset(
    {
        Kind.PROJECT_ROLE,
        Kind.NOTIFICATION_SCHEME,
        Kind.PERMISSION_SCHEME,
        Kind.ISSUE_SECURITY_SCHEME,
    }
)
"""Kinds whose innermost objects are sets of people, groups, roles and fields."""


class Comparison:
    """The comparison of two backups of one type of product."""

    def __init__(
        self,
        shelf: Shelf,
        mode: Mode,
        coverage: Mapping[Kind, CoverageRow],
        *,
        noticed: Callable[[Side, Kind], None] = lambda side, kind: None,
    ) -> None:
        self._shelf = shelf
        self._mode = mode
        self._coverage = coverage
        self._noticed = noticed
        self._held: Collection[str] = frozenset[str]()
        self._present: Collection[str] = frozenset[str]()
        self._active: Collection[str] = frozenset[str]()
        self._unseen = Unseen(shelf, self._present, self._held)
        self._lacks_service_management = False
        self.results: dict[Kind, KindResult] = {}

    def read(self, left: Backup, right: Backup, *, jira: bool) -> None:
        """Reads both sides; the shelf keeps their canonical forms."""
        links: Links | None = None
        for side, backup in ((Side.LEFT, left), (Side.RIGHT, right)):
            links = Links(self._shelf, side, backup.site_uri, links)
            reading = Reading(backup, self._shelf, side, self._mode, links)
            directory.read(reading)
            if jira:
                jira_access.refer(reading)
                assets.refer(reading)
                jira_screens.refer(reading)
                jira_workflows.refer(reading)
                jira_configuration.read(reading)
                jira_access.read(reading)
                jira_screens.read(reading)
                jira_workflows.read(reading)
                service_management.read(reading)
                jira_issues.read(reading)
                jira_planning.read(reading)
                assets.read(reading)
                jira_plans.read(reading)
                jira_properties.read(reading)
            else:
                confluence.read(reading)
        self._shelf.finish()
        self._lacks_service_management = jira and service_management.lacks_app(self._shelf)
        self._held = self._shelf.names(Side.LEFT, Kind.PROJECT)
        users = self._coverage.get(Kind.USER)
        if users is not None and users.declares(MISSING):
            self._present = self._shelf.names(Side.RIGHT, Kind.USER)
            self._active = frozenset(name for name in self._present if self._is_active(name))
            self._unseen = Unseen(self._shelf, self._present, self._held)

    def _is_active(self, account: str) -> bool:
        user = self._shelf.value(Side.RIGHT, Kind.USER, account)
        return bool(user and user.get("active"))

    def differences(self) -> Iterator[Difference]:
        """Every difference, kind by kind; the results are complete once it is exhausted."""
        for kind in self._shelf.kinds():
            result = self.results.setdefault(kind, KindResult(kind))
            result.source = self._shelf.count(Side.LEFT, kind)
            if not self._compares(kind):
                result.missing_declared = result.source
                continue
            result.exact = self._shelf.equal(kind)
            result.same_bytes = result.exact if kind is Kind.ATTACHMENT else 0
            for pair in self._shelf.unequal(kind):
                yield from self._of_pair(kind, pair, result)

    def _compares(self, kind: Kind) -> bool:
        """Whether there is something to compare: what is not restored has no counterpart."""
        row = self._coverage.get(kind)
        return self._mode is Mode.SAME_SITE or row is None or row.restored != "not"

    def _of_pair(self, kind: Kind, pair: Pair, result: KindResult) -> Iterator[Difference]:
        found = [
            Difference(kind, pair.name, *part, self._declared_by(kind, pair.name, *part))
            for part in _parts(kind, pair)
        ]
        _count(result, pair, declared=all(one.declared for one in found))
        if kind is Kind.ATTACHMENT and None not in (pair.left, pair.right):
            result.same_bytes += not {"sha256", "size"} & {one.path for one in found}
        yield from found

    def _declared_by(self, kind: Kind, name: str, path: str, left: Json, right: Json) -> str:
        if self._mode is Mode.SAME_SITE:
            return ""
        why = self._follows_from(kind, name, path, left, right)
        if why:
            return why
        row = self._coverage.get(kind)
        if row is None or not row.declares(path):
            return ""
        if not self._is_as_declared(kind, name, path, left, right):
            return ""
        return row.loss or f"restored: {row.restored}"

    def _follows_from(self, kind: Kind, name: str, path: str, left: Json, right: Json) -> str:
        """What of both sites explains a difference by itself; empty: nothing does."""
        whole, left = left, unheld.held_part(self._held, kind, path, left)
        if left != whole and (left or None) == (right or None):
            return unheld.WHY
        if self._present and absent.explained(self._present, kind, name, path, left, right):
            return absent.WHY
        if self._present and self._unseen.explains(kind, name, path, left, right):
            return WHY_UNSEEN
        if self._present and absent.cannot_act(self._active, kind, name, path, left, right):
            return absent.WHY_NOT_ACTING
        if self._lacks_service_management and service_management.explained(kind, name, path, left):
            return service_management.WHY_ABSENT
        if right is None and service_management.unlinked(self._shelf, kind, name, path):
            return service_management.WHY_UNLINKED
        if kind is Kind.WORKFLOW and right is None and names_nothing(path, left):
            return WHY_UNKNOWN
        if service_management.deskless(self._shelf, kind, name, path):
            return service_management.WHY_DESKLESS
        if path == adf.NOT_HELD and not right:
            return adf.WHY_NOT_HELD
        if cut_texts.explained(self._shelf, kind, name, path):
            return cut_texts.WHY
        if path == EXTRA and (kind in _SITE_OWN or self._of_a_foreign_role(kind, name)):
            return OWN_OF_THE_DESTINATION
        return ""

    def _is_as_declared(self, kind: Kind, name: str, path: str, left: Json, right: Json) -> bool:
        """Whether a difference in a declared path is of the sort that is declared."""
        left_out = _ONLY_LEFT_OUT.get(kind)
        conditions = (
            kind not in scoped.KINDS
            or scoped.explained(self._shelf, kind, name, path, left, right),
            (kind, path.partition(".")[0]) not in _FILLED_BY_THE_SITE or left is None,
            (kind, path) != (Kind.PROJECT, "type") or right == "software",
            (kind, path) != (Kind.PROJECT, "fieldConfigurationScheme")
            or scoped.is_of_another_generation(left, right),
            (kind, path) != (Kind.REQUEST_TYPE, "issueType")
            or service_management.loses_issue_type(self._shelf, name, left),
            (kind, path) != (Kind.ISSUE_LINK, MISSING) or unheld.leads_out(self._held, name),
            _ONLY_FROM_TO.get((kind, path), (left, right)) == (left, right),
            not (left_out and path.startswith(left_out)) or right is None,
            kind is not Kind.WORKFLOW or self._of_a_project(name, path),
            kind not in _MAY_MOVE or path not in (MISSING, EXTRA) or self._moved(name),
        )
        return all(conditions)

    def _of_a_foreign_role(self, kind: Kind, name: str) -> bool:
        """Whether somebody acts in a role that only the destination has: its own default."""
        if kind is not Kind.ROLE_ACTOR:
            return False
        role = jira_access.role_of_actor(name)
        return self._shelf.value(Side.LEFT, Kind.PROJECT_ROLE, role) is None

    def _of_a_project(self, name: str, path: str) -> bool:
        """Whether a workflow that is gone was one of a team-managed project; rules may go."""
        before = self._shelf.value(Side.LEFT, Kind.WORKFLOW, name)
        return path != MISSING or bool(before and before.get("project"))

    def _moved(self, name: str) -> bool:
        """Whether an inline comment of the source is a footer comment now, text and all."""
        before = self._shelf.value(Side.LEFT, Kind.INLINE_COMMENT, name)
        after = self._shelf.value(Side.RIGHT, Kind.FOOTER_COMMENT, name)
        if before is None or after is None:
            return False
        # The text that it was about may be quoted above what was said.
        return str(after.get("body", "")).endswith(str(before.get("body", "")))


def _parts(kind: Kind, pair: Pair) -> Iterator[tuple[str, Json, Json]]:
    if pair.right is None:
        yield MISSING, "there", None
    elif pair.left is None:
        yield EXTRA, None, "there"
    else:
        both = pair.left, pair.right
        for part in differing(*(in_place(*both) if kind is Kind.WORKFLOW else both)):
            yield from _one_by_one(*part) if kind in _HELD_BY_MANY else [part]


def _one_by_one(path: str, left: Json, right: Json) -> Iterator[tuple[str, Json, Json]]:
    """Holders that are all gone, each by itself: one may be absent and another one lost."""
    if is_object(left) and right is None and all(one is True for one in left.values()):
        yield from differing(left, {}, path)
    else:
        yield path, left, right


def _count(result: KindResult, pair: Pair, *, declared: bool) -> None:
    match (pair.left is None, pair.right is None, declared):
        case (_, True, True):
            result.missing_declared += 1
        case (_, True, False):
            result.missing += 1
        case (True, _, True):
            result.extra_declared += 1
        case (True, _, False):
            result.extra += 1
        case (_, _, True):
            result.declared += 1
        case _:
            result.undeclared += 1
