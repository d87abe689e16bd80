"""Custom fields of a generated Jira that are for some projects or types, with default values."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from typing import Any

import msgspec

from sitekeep_simulator.jira.field_contexts import context_for, contexts_of, options_in
from sitekeep_simulator.jira.fields import (
    add_bare_field,
    add_context,
    add_custom_field,
    add_option,
)
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.store import Row

_STEP = 3
"""Every so many issues have a value."""


def make_fields(jira: Jira, _: random.Random, setting: Setting) -> None:
    """Fields with several contexts, and values of them in some issues."""
    chance = random.Random("fields")
    sizes, regions = _sizes(jira, setting), _regions(jira, setting)
    _plain_defaults(jira, setting)
    _trashed(jira)
    rows = jira.store.rows("SELECT * FROM jira_issue ORDER BY id")
    for row in rows[::_STEP]:
        values = {
            f"customfield_{field.id}": value
            for field, value in (
                (sizes, _chosen(jira, chance, sizes, row)),
                (regions, _cascade(jira, chance, regions, row)),
            )
            if value is not None
        }
        stored: Body = msgspec.json.decode(row["fields"])
        jira.store.execute(
            "UPDATE jira_issue SET fields = ? WHERE id = ?",
            (msgspec.json.encode(stored | values).decode(), row["id"]),
        )


def _sizes(jira: Jira, setting: Setting) -> JiraObject:
    """A select with one context for everything and one for a project, and a default in both."""
    field = add_custom_field(jira, "Größe „T-Shirt“ & Co.", "select", ("S", "M", "L", "¿XL?"))
    (wide,) = contexts_of(jira, field)
    first = setting.projects[0]
    own = add_context(jira, field, "Nur <eins>", [first.id], description="Für „PLAT“,\nsonst nie")
    for value, disabled in (("groß", False), ("klein", False), ("veraltet", True), ("M", False)):
        add_option(jira, own, value, disabled=disabled)
    _default(jira, wide, "option.single", optionId=str(options_in(jira, wide)[1].id))
    _default(jira, own, "option.single", optionId=str(options_in(jira, own)[0].id))
    return field


def _regions(jira: Jira, setting: Setting) -> JiraObject:
    """A cascading select for two issue types of the last projects."""
    field = add_bare_field(jira, "地域", "cascadingselect")
    kinds = [each.id for each in jira.objects.all(ObjectKind.ISSUE_TYPE)][:2]
    last = [each.id for each in setting.projects[1:]]
    context = add_context(jira, field, "地域 (2)", last, kinds)
    for name, below in (("Europa", ("Île-de-France", "Bayern")), ("アジア", ("東京", "大阪"))):
        parent = add_option(jira, context, name)
        for number, value in enumerate(below):
            add_option(jira, context, value, parent=parent.id, disabled=number == 1)
    first = options_in(jira, context)[0]
    _default(jira, context, "option.cascading", optionId=str(first.id))
    return field


def _plain_defaults(jira: Jira, setting: Setting) -> None:
    people = [each for each in setting.people if each.active and not each.email_hidden]
    person, project = people[0].account_id, setting.projects[0]
    group = jira.accounts.add_group("developers").group_id
    version = jira.objects.all(ObjectKind.VERSION, project.id)[1]
    filtered = {"enabled": True, "groups": ["developers"], "roleIds": []}
    picked = {"accountId": person, "userFilter": filtered}
    listed: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        ("Frist", "datepicker", "datepicker", {"useCurrent": True}),
        ("Beginn", "datetime", "datetimepicker", {"dateTime": "2025-01-02T03:04:05.000+0000"}),
        ("Aufwand", "float", "float", {"number": 2.5}),
        ("Merkmal", "textfield", "textfield", {"text": "n/a – „später“"}),
        ("Notiz", "textarea", "textarea", {"text": "Zeile 1\nZeile 2"}),
        ("Verweis", "url", "url", {"url": "https://example.com/ä?b=1&c=2"}),
        ("Marken", "labels", "labels", {"labels": ["neu", "größer"]}),
        (
            "Prüfer",
            "userpicker",
            "single.user.select",
            picked,
        ),
        ("Team", "multiuserpicker", "multi.user.select", {"accountIds": [person]}),
        ("Gruppe", "grouppicker", "grouppicker.single", {"groupId": group}),
        ("Gruppen", "multigrouppicker", "grouppicker.multiple", {"groupIds": [group]}),
        ("Projekt", "project", "project", {"projectId": str(project.id)}),
        ("Fassung", "version", "version.single", {"versionId": str(version.id)}),
    )
    for name, kind, default, value in listed:
        (context,) = contexts_of(jira, add_custom_field(jira, name, kind))
        _default(jira, context, default, **value)


def _trashed(jira: Jira) -> None:
    field = add_custom_field(jira, "Weg damit", "textfield")
    body = field.body | {"trashedDate": jira.now()}
    jira.objects.put(dataclasses.replace(field, body=body))


def _default(jira: Jira, context: JiraObject, kind: str, **value: Any) -> None:
    body = context.body | {"default": {"type": kind, **value}}
    jira.objects.put(dataclasses.replace(context, body=body))


def _open(jira: Jira, field: JiraObject, row: Row, parent: int = 0) -> Sequence[JiraObject]:
    """The options that an issue can have, those that were disabled later included."""
    context = context_for(jira, field, row["project_id"], row["type_id"])
    listed = [] if context is None else options_in(jira, context)
    return [each for each in listed if each.body["parent"] == parent]


def _chosen(jira: Jira, chance: random.Random, field: JiraObject, row: Row) -> int | None:
    options = _open(jira, field, row)
    return chance.choice(options).id if options else None


def _cascade(jira: Jira, chance: random.Random, field: JiraObject, row: Row) -> list[int] | None:
    first = _chosen(jira, chance, field, row)
    if first is None:
        return None
    below = _open(jira, field, row, first)
    return [first, chance.choice(below).id] if below and chance.random() < 0.7 else [first]
