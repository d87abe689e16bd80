"""What is for projects and issue types, and which of these are not at the destination.

A context of a field, a scheme of screens: each comes back for what came back. That it is not for
something that *is* there stays a difference that nothing declares.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from sitekeep_cli.comparison.jira_screens import PROJECTS, TYPES
from sitekeep_cli.comparison.links import LEARNT_OPTION
from sitekeep_cli.comparison.model import Json, Side
from sitekeep_cli.comparison.shape import is_list, is_object
from sitekeep_cli.comparison.shelf import Shelf
from sitekeep_shared.content.discovery_fields import PROJECT_TYPE, is_computed
from sitekeep_shared.content.field_configurations import FIELD_SCHEME
from sitekeep_shared.coverage import MISSING
from sitekeep_shared.kinds import Kind

_CONTEXT = re.compile(r"(?<=\))/.*", re.DOTALL)
_NUMBER = re.compile(r" #\d+$")
_CUSTOM = "custom."
_OF_TYPE = re.compile(r"\.(?:only|types)(?:\.(?P<below>.+))?$", re.DOTALL)
"""Where a field scheme says something of a field for one issue type."""
_OF_JIRA = "(com.atlassian.jira.plugin.system.customfieldtypes:"

KINDS = frozenset(
    {Kind.FIELD, Kind.FIELD_CONTEXT, Kind.SCREEN, Kind.FIELD_CONFIGURATION, Kind.ISSUE}
)
"""Kinds whose declared losses hold only as far as this module explains them."""

_OF = {PROJECTS: Kind.PROJECT, TYPES: Kind.ISSUE_TYPE}
_DEFAULTS = {
    "default.project/": Kind.PROJECT,
    "default.group/": Kind.GROUP,
    "default.version/": Kind.VERSION,
}


def explained(shelf: Shelf, kind: Kind, name: str, path: str, left: Json, right: Json) -> bool:
    """Whether a declared difference follows from what is at the destination."""
    if kind is Kind.FIELD:
        # Of another type is only what stands in for a field of Product Discovery.
        return path == "custom" or (path == MISSING and is_of_an_app(name))
    if kind is Kind.ISSUE:
        label = path.removeprefix(_CUSTOM)
        is_no_writer = right is None and _has_no_writer(shelf, label)
        return label == path or is_no_writer or _is_of_closed_options(shelf, label, left, right)
    if kind is Kind.SCREEN and path == MISSING:
        return bool(_value_of(shelf, Side.LEFT, kind, name).get("project"))
    if kind is Kind.SCREEN:
        return _is_without_absent_fields(shelf, left, right)
    if kind is Kind.FIELD_CONFIGURATION:
        if path == MISSING:
            return _is_of_another_generation(shelf, name)
        return _is_about_what_one_side_lacks(shelf, path, left, right)
    if path == MISSING:
        is_alone = kind is Kind.FIELD_CONTEXT and _has_no_field(shelf, name)
        return is_alone or _is_for_nothing(shelf, kind, name) or _is_shared(shelf, kind, name)
    if path == PROJECTS:
        # For all projects before, for the restored ones now.
        return left is None
    if path.partition(".")[0] == "ofApp":
        # One that is there may be the destination's own; one that is not is lost.
        there = _value_of(shelf, Side.RIGHT, kind, name).get("ofApp")
        names = list(there) if is_object(there) else []
        return left is None or _is_below_one_of(names, path.partition(".")[2])
    if path.partition(".")[0] == "options":
        return _is_offered_less(shelf, name, left, right)
    for stem, of in _DEFAULTS.items():
        if path.startswith(stem):
            return right is None and _is_absent(shelf, of, path.removeprefix(stem))
    noun, _, what = path.partition(".")
    if noun in _OF:
        return right is None and _is_absent(shelf, _OF[noun], what)
    return True


def _has_no_writer(shelf: Shelf, label: str) -> bool:
    """Whether a field of issues is an app's and gone, or one that Product Discovery fills."""
    named = (each for each in shelf.names(Side.LEFT, Kind.FIELD) if each.startswith(f"{label} ("))
    for name in named:
        before, after = (shelf.value(side, Kind.FIELD, name) for side in (Side.LEFT, Side.RIGHT))
        if after is None and is_of_an_app(name):
            return True
        kind = str(before.get("custom", ""))
        if is_computed(kind) and after is not None and after.get("custom") == kind:
            return True
    return False


def _is_of_closed_options(shelf: Shelf, label: str, left: Json, right: Json) -> bool:
    """Whether only options are lost that a field of a single project offers to nobody any more."""
    field = label.removesuffix(".child")
    before, after = (list(each) if is_list(each) else [each] for each in (left, right))
    lost = [_chosen(each) for each in before if each not in after]
    is_less = all(each is None or each in before for each in after)
    known = (shelf.look_up(Side.LEFT, LEARNT_OPTION, f"{field}/{each}") for each in lost)
    is_learnt = shelf.look_up(Side.LEFT, LEARNT_OPTION, field) is not None
    return is_learnt and is_less and all(each is None for each in known)


def _chosen(value: Json) -> Json:
    """The option that a value names, without the one below it."""
    return value.get("value") if is_object(value) else value


def _has_no_field(shelf: Shelf, name: str) -> bool:
    """Whether the field is not there, or is one whose contexts an app keeps itself."""
    field = _CONTEXT.sub("", name)
    return is_of_an_app(field) or shelf.value(Side.RIGHT, Kind.FIELD, field) is None


def is_of_another_generation(left: Json, right: Json) -> bool:
    """Whether a project has a field scheme on one site only, as names of schemes tell."""
    before, after = (str(each).startswith(f"{FIELD_SCHEME} ") for each in (left, right))
    return before != after


def _is_of_another_generation(shelf: Shelf, name: str) -> bool:
    """Whether the destination has field schemes instead, or field configurations instead."""
    before = name.startswith(f"{FIELD_SCHEME} ")
    listed = shelf.names(Side.RIGHT, Kind.FIELD_CONFIGURATION)
    return bool(listed) and all(each.startswith(f"{FIELD_SCHEME} ") != before for each in listed)


def _is_about_what_one_side_lacks(shelf: Shelf, path: str, left: Json, right: Json) -> bool:
    """Whether only one of the sites has the field or the issue type that something is said of."""
    noun, _, what = path.partition(".")
    of = {"fields": Kind.FIELD, "mappings": Kind.ISSUE_TYPE}.get(noun)
    if of is None or (left is None) == (right is None):
        return False
    side = Side.LEFT if left is None else Side.RIGHT
    return not _is_below_one_of(shelf.names(side, of), what) or any(
        not _is_below_one_of(shelf.names(side, Kind.ISSUE_TYPE), each)
        for each in _types_in(what, right if left is None else left)
    )


def _is_below_one_of(names: Collection[str], path: str) -> bool:
    return any(f"{path}.".startswith(f"{name}.") for name in names)


def _types_in(path: str, value: Json) -> list[str]:
    """The issue types of which alone a field scheme says something there."""
    found = _OF_TYPE.search(path)
    if found is not None and found["below"]:
        return [found["below"]]
    named = value if found is not None else value.get("only") if is_object(value) else None
    return list(named) if is_object(named) and len(named) == 1 else []


def _is_without_absent_fields(shelf: Shelf, left: Json, right: Json) -> bool:
    """Whether a tab has exactly those of its fields that are there, in their order."""
    if not is_list(left) or not is_list(right):
        return False
    return right == [name for name in left if not _is_absent(shelf, Kind.FIELD, str(name))]


def is_of_an_app(field: str) -> bool:
    """Whether a field is a custom one of no type of Jira's own."""
    return _NUMBER.sub("", field).endswith(")") and _OF_JIRA not in field


def _is_offered_less(shelf: Shelf, name: str, left: Json, right: Json) -> bool:
    """Whether a project of ideas, which only people make, offers some of the options."""
    named = _value_of(shelf, Side.RIGHT, Kind.FIELD_CONTEXT, name).get(PROJECTS)
    projects = list(named) if is_object(named) else []
    is_of_ideas = bool(projects) and all(
        _value_of(shelf, Side.RIGHT, Kind.PROJECT, each).get("type") == PROJECT_TYPE
        for each in projects
    )
    offered: list[Json] = list(right) if is_list(right) else []
    return is_of_ideas and is_list(left) and all(each in left for each in offered)


def _value_of(shelf: Shelf, side: Side, kind: Kind, name: str) -> dict[str, Json]:
    value: Json = shelf.value(side, kind, name)
    return dict(value) if is_object(value) else {}


def _is_shared(shelf: Shelf, kind: Kind, name: str) -> bool:
    """Whether a context for all projects of the destination has the options of a lost one."""
    value = shelf.value(Side.LEFT, kind, name)
    if kind is not Kind.FIELD_CONTEXT or PROJECTS in value:
        return False
    field = _CONTEXT.sub("/", name)
    others = (
        shelf.value(Side.RIGHT, kind, each)
        for each in shelf.names(Side.RIGHT, kind)
        if each.startswith(field)
    )
    wanted = [one.get("value") for one in value.get("options", ())]
    return any(
        PROJECTS not in other
        and set(wanted) <= {one.get("value") for one in other.get("options", ())}
        for other in others
    )


def _is_for_nothing(shelf: Shelf, kind: Kind, name: str) -> bool:
    value = shelf.value(Side.LEFT, kind, name)
    return any(
        is_object(named := value.get(noun))
        and bool(named)
        and all(_is_absent(shelf, of, each) for each in named)
        for noun, of in _OF.items()
    )


def _is_absent(shelf: Shelf, kind: Kind, name: str) -> bool:
    return shelf.value(Side.RIGHT, kind, name) is None
