"""Screens of a generated Jira, and schemes that choose between them; issues were made before."""

from __future__ import annotations

import random
from collections.abc import Sequence

from sitekeep_simulator.jira.fields import custom_fields, is_locked
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.objects import JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project, Projects
from sitekeep_simulator.jira.screens import (
    DEFAULT_SCREEN_SCHEME,
    add_screen,
    add_screen_scheme,
    add_type_screen_scheme,
)
from sitekeep_simulator.jira.state import Jira

_BRIEF = ("summary", "issuetype", "labels", "description")


def make_screens(jira: Jira, _: random.Random, setting: Setting) -> None:
    """Screens with several tabs; hardly any of them has all that issues have."""
    custom = [f"customfield_{each.id}" for each in custom_fields(jira) if not is_locked(each)]
    brief = add_screen(jira, "Anlegen „kurz“ & <gut>", {"Das Nötigste": _BRIEF}, "Nur, was muß.")
    whole = add_screen(
        jira,
        "全部の画面",
        {"Wer": ("assignee", "summary", "reporter"), "ほか": custom[::2], "Leer": ()},
        "Zeile 1\nZeile 2",
    )
    view = add_screen(jira, "View (2)", {"B": custom[1:3], "A": ("summary", "duedate", "parent")})
    first = add_screen_scheme(
        jira, "Kurz & „lang“", {"default": whole.id, "create": brief.id, "view": view.id}, "Zwei."
    )
    second = add_screen_scheme(jira, "画面 <einfach>", {"default": brief.id})
    _assign(jira, setting.projects, first, second)


def _assign(jira: Jira, projects: Sequence[Project], first: JiraObject, second: JiraObject) -> None:
    types = jira.objects.all(ObjectKind.ISSUE_TYPE)
    usual = jira.objects.named(ObjectKind.SCREEN_SCHEME, DEFAULT_SCREEN_SCHEME)
    ids = {"first": first.id, "second": second.id, "usual": usual.id if usual else first.id}
    mixed = {str(types[0].id): ids["second"], str(types[1].id): ids["usual"]}
    schemes = (
        add_type_screen_scheme(jira, "Nach „Typ“ & mehr", {"default": ids["first"], **mixed}),
        add_type_screen_scheme(jira, "型 <1>", {"default": ids["second"]}, "One for all."),
    )
    for project, scheme in zip(projects, schemes, strict=False):
        found = Projects(jira).visible(str(project.id))
        body = found.body | {"issueTypeScreenScheme": scheme.id}
        Projects(jira).change(found, body=body)
