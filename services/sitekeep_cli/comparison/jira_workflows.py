"""Which types issues have and how they go from status to status: schemes and workflows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sitekeep_cli.comparison.jira_access import Item, put_schemes, restored_name
from sitekeep_cli.comparison.jira_rules import is_of_app, properties, rules
from sitekeep_cli.comparison.links import (
    ISSUE_TYPE,
    PROJECT,
    RESOLUTION,
    SCREEN,
    STATUS,
    TYPE_SCHEME,
    WORKFLOW_SCHEME,
)
from sitekeep_cli.comparison.model import Json, Record
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import items, part
from sitekeep_shared.content.workflow_schemes import DEFAULT, DEFAULT_NAME
from sitekeep_shared.kinds import Kind


def refer(reading: Reading) -> None:
    """Keeps the names of types and schemes; projects are read after that."""
    for record, issue_type in reading.objects(Kind.ISSUE_TYPE):
        reading.refer(ISSUE_TYPE, record.key, str(issue_type.get("name")))
    for record, scheme in reading.objects(Kind.ISSUE_TYPE_SCHEME):
        reading.refer(TYPE_SCHEME, record.key, restored_name(reading, scheme))
    for record, scheme in reading.objects(Kind.WORKFLOW_SCHEME):
        reading.refer(WORKFLOW_SCHEME, record.key, restored_name(reading, scheme))
    reading.refer(WORKFLOW_SCHEME, DEFAULT, DEFAULT_NAME)


def schemes_of(reading: Reading, record: Record) -> dict[str, Json]:
    """The names of the schemes of a project."""
    types = record.attributes.get("issue_type_scheme", "")
    workflows = record.attributes.get("workflow_scheme", "")
    return {
        "issueTypeScheme": reading.links.name(TYPE_SCHEME, types),
        "workflowScheme": reading.links.name(WORKFLOW_SCHEME, workflows),
    }


def read(reading: Reading) -> None:
    """Puts each by its name."""
    schemes = (_with_types(*each) for each in reading.objects(Kind.ISSUE_TYPE_SCHEME))
    put_schemes(reading, Kind.ISSUE_TYPE_SCHEME, schemes, _type_scheme)
    for record, status in reading.objects(Kind.STATUS):
        reading.refer(STATUS, record.key, str(status.get("name")))
    for record, resolution in reading.objects(Kind.RESOLUTION):
        reading.refer(RESOLUTION, record.key, str(resolution.get("name")))
    for record, screen in reading.objects(Kind.SCREEN):
        reading.refer(SCREEN, record.key, restored_name(reading, screen))
    flows = (_with_statuses(*each) for each in reading.objects(Kind.WORKFLOW))
    put_schemes(reading, Kind.WORKFLOW, flows, _workflow)
    schemes = (scheme for _, scheme in reading.objects(Kind.WORKFLOW_SCHEME))
    put_schemes(reading, Kind.WORKFLOW_SCHEME, schemes, _workflow_scheme)


def _with_types(record: Record, scheme: dict[str, Json]) -> dict[str, Json]:
    """An issue type scheme together with the ids of its types."""
    return {**scheme, "types": json.loads(record.attributes.get("types") or "[]")}


def _type_scheme(reading: Reading, scheme: Item) -> Json:
    """The types with their places, so that a lost order shows."""
    types = enumerate(items(scheme, "types"), 1)
    default = scheme.get("defaultIssueTypeId")
    return without_nothing(
        {
            "description": scheme.get("description"),
            "default": reading.name(ISSUE_TYPE, default) if default else None,
            "types": {reading.name(ISSUE_TYPE, each): place for place, each in types},
        }
    )


def _workflow_scheme(reading: Reading, scheme: Item) -> Json:
    mapped = {
        reading.name(ISSUE_TYPE, kind): _flow_name(reading, workflow)
        for kind, workflow in part(scheme, "issueTypeMappings").items()
    }
    default = _flow_name(reading, scheme.get("defaultWorkflow"))
    text = scheme.get("description")
    return without_nothing({"description": text, "default": default, "types": mapped})


def _flow_name(reading: Reading, workflow: Json) -> str:
    return restored_name(reading, {"name": workflow})


def _with_statuses(record: Record, workflow: dict[str, Json]) -> dict[str, Json]:
    """A workflow together with what its references to statuses stand for."""
    return {**workflow, "references": json.loads(record.attributes.get("statuses") or "{}")}


def _workflow(reading: Reading, workflow: Item) -> Json:
    project = part(part(workflow, "scope"), "project").get("id")
    statuses = {
        _status_name(reading, workflow, each.get("statusReference")): _status(reading, each)
        for each in items(workflow, "statuses")
    }
    # Two transitions may have one name; their numbers stay what they are.
    transitions = {
        f"{each.get('id')} {each.get('name')}": _transition(reading, workflow, each)
        for each in items(workflow, "transitions")
    }
    return without_nothing(
        {
            "description": workflow.get("description"),
            "project": reading.name(PROJECT, project) if project else None,
            "statuses": statuses,
            "transitions": transitions,
            "start": part(workflow, "startPointLayout"),
            "loop": part(workflow, "loopedTransitionContainerLayout"),
        }
    )


def _status_name(reading: Reading, workflow: Item, reference: Json) -> str:
    references: Mapping[str, Json] = part(workflow, "references")
    return reading.name(STATUS, references.get(str(reference), reference))


def _status(reading: Reading, status: Item) -> Json:
    """Where a status stands and what is set about it; never nothing, so that it is seen."""
    approval = without_nothing(dict(part(status, "approvalConfiguration")))
    return {
        "layout": without_nothing(dict(part(status, "layout"))),
        "properties": properties(reading, part(status, "properties")),
        "approval": approval,
    }


def _transition(reading: Reading, workflow: Item, transition: Item) -> Json:
    screen, to = transition.get("transitionScreen"), transition.get("toStatusReference")
    told = without_nothing(
        {
            "description": transition.get("description"),
            "type": transition.get("type"),
            "to": _status_name(reading, workflow, to) if to else None,
            "from": sorted(_links(reading, workflow, transition), key=str),
            "event": transition.get("customIssueEventId"),
        }
    )
    # There even where they are empty: so that a rule that is gone shows by its own path.
    return {
        **told,
        "properties": properties(reading, part(transition, "properties")),
        "actions": rules(reading, items(transition, "actions")),
        "validators": rules(reading, items(transition, "validators")),
        "triggers": rules(reading, items(transition, "triggers")),
        "screen": rules(reading, [screen] if screen else []),
        "conditions": _conditions(reading, part(transition, "conditions")),
    }


def _links(reading: Reading, workflow: Item, transition: Item) -> Iterator[Json]:
    for link in items(transition, "links"):
        status = _status_name(reading, workflow, link.get("fromStatusReference"))
        ports = {name: link.get(name) for name in ("fromPort", "toPort")}
        yield without_nothing({"status": status, **ports})


def _conditions(reading: Reading, group: Item) -> dict[str, Json]:
    """The conditions of a group by their names, the groups in it by their places."""
    inner = (_conditions(reading, each) for each in items(group, "conditionGroups"))
    groups = {f"group {place}": each for place, each in enumerate(inner, 1)}
    found = {**rules(reading, items(group, "conditions")), **groups}
    # Whether all must hold or any tells nothing of a single one, beside one of an app neither.
    is_choice = sum(not is_of_app(name) for name in found) > 1
    return {**found, **({"operation": group.get("operation")} if is_choice else {})}
