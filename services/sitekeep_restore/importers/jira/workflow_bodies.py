"""Workflows as workflows/create takes them (Jira REST v3, WorkflowCreate)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.jira.workflow_rules import RuleIds

_NAMESPACE = uuid.UUID("5c3e2f3f-3f6f-4e0c-8a70-6b9b7d0e8a11")
_LAYOUTS = ("startPointLayout", "loopedTransitionContainerLayout")
_FIRST_EVENT_OF_THE_SITE = 10_000
"""Events below it are Jira's own and the same on every site."""
_APPS = ("connect:", "forge:")


@dataclass
class BodyMaker:
    """Makes the body of one workflow; remembers what does not come with it."""

    ids: RuleIds
    references: Mapping[str, str]
    """Reference of a status in the backup → its reference in the body."""
    lost: list[str] = field(default_factory=list[str])
    """What is dropped or cut, in words: transition and rule."""

    def workflow(self, source: Json, name: str) -> Json:
        """The whole body. Raises LookupError where a status of it is not at the destination."""
        body: Json = {
            "name": name,
            "description": str(source.get("description") or ""),
            "statuses": [self._status(each) for each in source.get("statuses") or ()],
            "transitions": [
                self._transition(str(source["id"]), each)
                for each in source.get("transitions") or ()
            ],
        }
        layouts = {each: without_null(source[each]) for each in _LAYOUTS if source.get(each)}
        return body | {name: layout for name, layout in layouts.items() if layout}

    def _status(self, source: Json) -> Json:
        reference = self.references[str(source["statusReference"])]
        body: Json = {
            "statusReference": reference,
            "properties": self._properties(source, "status"),
        }
        layout = without_null(source.get("layout") or {})
        approval = self._approval(source.get("approvalConfiguration") or {})
        body |= {"layout": layout} if layout else {}
        return body | ({"approvalConfiguration": approval} if approval else {})

    def _approval(self, source: Json) -> Json:
        """The approval of a service project; without its field it cannot be."""
        body: Json = dict(without_null(source))
        for name in ("fieldId", "prePopulatedFieldId"):
            if name in body:
                target = self.ids.target(identity_kinds.FIELD, str(body[name]))
                if target is None:
                    self.lost.append("approval of a status")
                    return {}
                body[name] = target
        return body

    def _transition(self, workflow: str, source: Json) -> Json:
        name = str(source.get("name"))
        seed = f"{workflow}/{source.get('id')}"
        body: Json = {
            "id": str(source.get("id")),
            "name": name,
            "description": str(source.get("description") or ""),
            "type": source.get("type"),
            **self._target(source),
            "links": [self._link(each) for each in source.get("links") or ()],
            "properties": self._properties(source, name),
        }
        for part in ("actions", "validators", "triggers"):
            body[part] = self._rules(name, source.get(part) or (), f"{seed}/{part}")
        conditions = self._conditions(name, source.get("conditions") or {}, f"{seed}/conditions")
        screen = self._rules(name, [source.get("transitionScreen") or {}], f"{seed}/screen")
        body |= {"conditions": conditions} if conditions else {}
        body |= {"transitionScreen": screen[0]} if screen else {}
        return body | self._event(name, source)

    def _target(self, source: Json) -> Json:
        """Where a transition leads; a global one that names no status leads back to each."""
        reference = source.get("toStatusReference")
        return {"toStatusReference": self.references[str(reference)]} if reference else {}

    def _link(self, source: Json) -> Json:
        link = dict(without_null(source))
        if "fromStatusReference" in link:
            link["fromStatusReference"] = self.references[str(link["fromStatusReference"])]
        return link

    def _event(self, name: str, source: Json) -> Json:
        """The event that the transition raises, where it is one of Jira's own."""
        event = str(source.get("customIssueEventId") or "")
        if not event.isdigit() or int(event) < _FIRST_EVENT_OF_THE_SITE:
            return {"customIssueEventId": event} if event else {}
        self.lost.append(f"{name}: event {event}")
        return {}

    def _properties(self, source: Json, place: str) -> Json:
        kept: Json = {}
        properties: Json = source.get("properties") or {}
        for name, value in properties.items():
            target = self.ids.property(name, str(value))
            if target is None:
                self.lost.append(f"{place}: property {name}")
            else:
                kept[name] = target
        return kept

    def _rules(self, place: str, sources: Any, seed: str) -> list[Json]:
        rules: list[Json] = []
        for number, source in enumerate(sources):
            if not source:
                continue
            rule, has_lost = self.ids.rule(dict(without_null(source)))
            if has_lost:
                self.lost.append(f"{place}: {source.get('ruleKey')}")
            if rule is not None:
                # The refusal of a rule names it by its id; that of the source is the source's.
                rule["id"] = str(uuid.uuid5(_NAMESPACE, f"{seed}/{number}"))
                rules.append(rule)
        return rules

    def _conditions(self, place: str, source: Json, seed: str) -> Json:
        """A group of conditions; empty where nothing is left of it.

        A group within it that was empty before stays: it always holds, and so does any with it.
        """
        rules = self._rules(place, source.get("conditions") or (), seed)
        groups: list[Json] = []
        for number, each in enumerate(source.get("conditionGroups") or ()):
            made = self._conditions(place, each, f"{seed}/{number}")
            if made or not (each.get("conditions") or each.get("conditionGroups")):
                groups.append(made or _group(each, [], []))
        return _group(source, rules, groups) if rules or groups else {}


def _group(source: Json, rules: list[Json], groups: list[Json]) -> Json:
    operation = source.get("operation") or "ALL"
    return {"operation": operation, "conditions": rules, "conditionGroups": groups}


def without_null(source: Json) -> Json:
    """An object of an answer without what is null: a body does not take that everywhere."""
    return {name: value for name, value in source.items() if value is not None}


def without_rule(workflow: Json, rule: str) -> str:
    """Takes the rule with that id out of a body; what it was in words, empty where it is not."""
    for transition in workflow["transitions"]:
        for holder in (transition, *_groups(transition.get("conditions") or {})):
            for part in ("actions", "validators", "triggers", "conditions"):
                listed = holder.get(part)
                found = _with_id(listed, rule)
                if found:
                    holder[part] = [each for each in listed or () if each is not found]
                    if part == "conditions":
                        _close(transition, holder)
                    return f"{transition['name']}: {found['ruleKey']}"
        screen: Json = transition.get("transitionScreen") or {}
        if screen.get("id") == rule:
            del transition["transitionScreen"]
            return f"{transition['name']}: {screen['ruleKey']}"
    return ""


def _close(transition: Json, group: Json) -> None:
    """Takes out a group of conditions that has lost all, and what held nothing but it."""
    if group["conditions"] or group["conditionGroups"]:
        return
    for holder in _groups(transition["conditions"]):
        listed: list[Json] = holder["conditionGroups"]
        kept = [each for each in listed if each is not group]
        if len(kept) < len(listed):
            holder["conditionGroups"] = kept
            _close(transition, holder)
            return
    del transition["conditions"]


def without_rules(workflow: Json, number: str) -> list[str]:
    """Takes those of apps out of a transition, else all rules; what they were, in words."""
    transition = next((each for each in workflow["transitions"] if each["id"] == number), None)
    if transition is None:
        return []
    listed = _all_rules(transition)
    of_apps = [each for each in listed if str(each["ruleKey"]).startswith(_APPS)]
    return [without_rule(workflow, str(each["id"])) for each in of_apps or listed]


def _all_rules(transition: Json) -> list[Json]:
    found: list[Json] = []
    for part in ("actions", "validators", "triggers"):
        found += transition.get(part) or []
    for group in _groups(transition.get("conditions") or {}):
        found += group.get("conditions") or []
    return found + ([transition["transitionScreen"]] if "transitionScreen" in transition else [])


def _groups(group: Json) -> list[Json]:
    inner = [each for one in group.get("conditionGroups") or () for each in _groups(one)]
    return [group, *inner] if group else []


def _with_id(listed: Any, wanted: str) -> Json | None:
    if not isinstance(listed, list):
        return None
    rules: list[Json] = listed  # pyright: ignore[reportUnknownVariableType]
    return next((each for each in rules if each.get("id") == wanted), None)


def essence(workflow: Json, references: Mapping[str, str]) -> Json:
    """What tells one workflow from another: without ids of rules, names and times.

    ``references``: reference of a status → what it stands for, so that two can be compared.
    """
    return {
        "description": str(workflow.get("description") or ""),
        "statuses": _sorted(workflow.get("statuses") or (), references, "statusReference"),
        "transitions": _sorted(workflow.get("transitions") or (), references, "id"),
        **{name: _bare(workflow.get(name), references) for name in _LAYOUTS},
    }


def _sorted(items: Any, references: Mapping[str, str], name: str) -> list[Any]:
    bare = [(str(_bare(each, references).get(name) or each.get(name)), each) for each in items]
    return [_bare(each, references, keep=name == "id") for _, each in sorted(bare, key=_first)]


def _first(pair: tuple[str, Any]) -> str:
    return pair[0]


def _bare(value: Any, references: Mapping[str, str], *, keep: bool = False) -> Any:
    """A value without what is null or empty; ``keep``: its own id is part of it."""
    if isinstance(value, list):
        listed: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        return [_bare(each, references) for each in listed]
    if not isinstance(value, dict):
        return value
    known: Json = value  # pyright: ignore[reportUnknownVariableType]
    bare: Json = {}
    for name, one in known.items():
        if name == "deprecated" or (name == "id" and not keep):
            continue
        is_reference = name.endswith("StatusReference") or name == "statusReference"
        found = references.get(str(one), one) if is_reference else _bare(one, references)
        if found not in (None, "", [], {}):
            bare[name] = found
    return bare
