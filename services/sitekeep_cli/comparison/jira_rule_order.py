"""Rules of a restored workflow under the names of what they were: one that is gone moves no other.

Rules of one sort, and groups of conditions, are named by their places. Where some of a list did
not come back, those behind them have other places; each is found again by what it says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.shape import is_object, part

_PARTS = ("actions", "validators", "triggers", "conditions")
_PLACED = re.compile(r"(.+) (\d+)", re.DOTALL)
_GROUP, _OPERATION = "group", "operation"

Rules = dict[str, Json]


def in_place(left: Json, right: Json) -> tuple[Json, Json]:
    """Both workflows, the rules of the right one named as those of the left one."""
    if not is_object(left) or not is_object(right):
        return left, right
    before, after = dict(part(left, "transitions")), dict(part(right, "transitions"))
    for name in before.keys() & after.keys():
        before[name], after[name] = _of_transition(before[name], after[name])
    return {**left, "transitions": before}, {**right, "transitions": after}


def _of_transition(left: Json, right: Json) -> tuple[Json, Json]:
    if not is_object(left) or not is_object(right):
        return left, right
    before, after = dict(left), dict(right)
    for name in _PARTS:
        before[name], after[name] = _of_rules(part(left, name), part(right, name))
    return before, after


def _of_rules(left: Mapping[str, Json], right: Mapping[str, Json]) -> tuple[Rules, Rules]:
    before, after = dict(left), {name: right[name] for name in right if not _sort_of(name)}
    for sort, names in _by_sort(right).items():
        found = _found_again(_by_sort(left).get(sort, []), names, left, right)
        after |= {found[name]: right[name] for name in names}
    for name in before:
        if _sort_of(name) == _GROUP and before[name]:
            before[name], after[name] = _of_group(before[name], after.get(name))
    if _OPERATION not in after:
        # Of one condition that is left it tells nothing whether all must hold or any.
        before.pop(_OPERATION, None)
    return before, after


def _of_group(left: Json, right: Json) -> tuple[Json, Json]:
    """Of a group that is gone each rule is, so that it shows which."""
    return _of_rules(left if is_object(left) else {}, right if is_object(right) else {})


def _sort_of(name: str) -> str:
    """The sort of what has a place; empty: it has none."""
    found = _PLACED.fullmatch(name)
    return found.group(1) if found else ""


def _by_sort(rules: Mapping[str, Json]) -> dict[str, list[str]]:
    """The names of each sort by their places, that have one."""
    found: dict[str, list[str]] = {}
    for name in sorted(filter(_sort_of, rules), key=lambda each: int(each.rpartition(" ")[2])):
        found.setdefault(_sort_of(name), []).append(name)
    return found


def _found_again(
    before: Sequence[str], after: Sequence[str], left: Mapping[str, Json], right: Mapping[str, Json]
) -> dict[str, str]:
    """Names of the right → those of the left that say as much, in the same order."""
    found: dict[str, str] = {}
    rest = iter(before if len(after) < len(before) else ())
    for name in after:
        same = next((each for each in rest if _holds(left[each], right[name])), None)
        if same is None:
            return {each: each for each in after}
        found[name] = same
    return found


def _holds(whole: Json, some: Json) -> bool:
    """Whether all that is left is what there was."""
    if not is_object(whole) or not is_object(some):
        return bool(whole == some)
    before, after = _of_rules(whole, some)
    return all(name in before and _holds(before[name], after[name]) for name in after)
