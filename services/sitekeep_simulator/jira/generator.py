"""Deterministic content for a Jira of any size: the same seed gives the same content."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Mapping, Sequence

from sitekeep_simulator.accounts import Account, account_id_of
from sitekeep_simulator.assets.generator import make_assets
from sitekeep_simulator.jira import install
from sitekeep_simulator.jira.bulk_rows import BulkRows
from sitekeep_simulator.jira.defaults import (
    DEFAULT_TYPE_SCHEME,
    add_issue_type,
    add_status,
    add_type_scheme,
    add_workflow,
)
from sitekeep_simulator.jira.fields import add_custom_field
from sitekeep_simulator.jira.generator_access import (
    make_actors,
    make_notification_schemes,
    make_permission_schemes,
    make_priority_schemes,
    make_roles,
    make_security_schemes,
    secure_issues,
)
from sitekeep_simulator.jira.generator_boards import BoardMaker
from sitekeep_simulator.jira.generator_dashboards import DashboardMaker
from sitekeep_simulator.jira.generator_field_configurations import make_field_configurations
from sitekeep_simulator.jira.generator_fields import make_fields
from sitekeep_simulator.jira.generator_filters import FilterMaker
from sitekeep_simulator.jira.generator_issues import IssueMaker, Setting
from sitekeep_simulator.jira.generator_plans import make_plans
from sitekeep_simulator.jira.generator_properties import make_properties
from sitekeep_simulator.jira.generator_screens import make_screens
from sitekeep_simulator.jira.generator_settings import make_settings
from sitekeep_simulator.jira.generator_sprints import SprintMaker
from sitekeep_simulator.jira.generator_texts import FIRST_NAMES, LAST_NAMES, sentence
from sitekeep_simulator.jira.generator_workflows import make_workflow_configuration
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project, Projects
from sitekeep_simulator.jira.rendering import Renderer
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.product_discovery.generator import make_ideas
from sitekeep_simulator.service_management.generator import make_desks
from sitekeep_simulator.site import SimulatedSite

_LATEST = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
_KEYS = ("PLAT", "WEB", "APP", "OPS", "DATA2", "DOCS", "QA", "INFRA", "HR", "FIN")
_ISSUES_PER_PROJECT = 120
_MOST_PROJECTS = 24
_MOST_PEOPLE = 2000
_CHUNK = 1000
_COUNTED = (
    "project",
    "issue",
    "comment",
    "worklog",
    "change",
    "attachment",
    "link",
    "remote_link",
    "watcher",
    "vote",
    "moved_key",
)
_CATEGORIES = (
    ("Kunden & Partner", "Was „draußen“ zu sehen ist."),
    ("Internal", ""),
    ("社内 <tools>", "Tools,\nfor us."),
)
_FIELDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Customer reference", "textfield", ()),
    ("Story points", "float", ()),
    ("Severity", "select", ("Critical", "Major", "Minor", "Größe unbekannt")),
    ("Platforms", "multiselect", ("Linux", "macOS", "Windows", "Android")),
    ("Target date", "datepicker", ()),
    ("Reviewer", "userpicker", ()),
    ("Areas", "labels", ()),
    ("Acceptance criteria", "textarea", ()),
)


def _planning(jira: Jira, chance: random.Random, setting: Setting) -> None:
    FilterMaker(jira, chance, setting).make_all()
    boards = BoardMaker(jira, chance, setting).make_all()
    SprintMaker(jira, chance, setting).make_all(boards)
    DashboardMaker(jira, chance, setting).make_all()


def _workflows(jira: Jira, _: random.Random, setting: Setting) -> None:
    make_workflow_configuration(jira, setting)


_MORE: Sequence[Callable[[Jira, random.Random, Setting], None]] = (
    _planning,
    make_properties,
    make_settings,
    make_plans,
    make_fields,
    make_screens,
    make_field_configurations,
    make_desks,
    _workflows,
    make_ideas,
    make_assets,
)
"""What is made once there are issues, in this order; nothing here takes chance from another."""


def generate(site: SimulatedSite, *, seed: int = 1, issues: int = 300) -> Mapping[str, int]:
    """Fills a Jira with about as many issues and returns how much of what was made."""
    jira = install(site)
    chance = random.Random(seed)
    with jira.store.transaction():
        people = _people(jira, chance, issues)
        setting = _setting(jira, chance, people, issues)
        rows = BulkRows(jira.store)
        maker = IssueMaker(jira, chance, setting, rows)
        for number in range(issues):
            maker.make(number)
            if number % _CHUNK == _CHUNK - 1:
                rows.flush()
        rows.flush()
        maker.finish()
        rows.flush()
        secure_issues(jira)
        # A source of chance of its own: the issues of a seed stay what they are.
        own_chance = random.Random(seed)
        for make_more in _MORE:
            make_more(jira, own_chance, setting)
        Renderer(jira).render_all()
    return _summary(jira)


def _summary(jira: Jira) -> dict[str, int]:
    counts = {"people": jira.accounts.count(), "groups": jira.accounts.group_count()}
    for noun in _COUNTED:
        counts[noun] = jira.store.value(f"SELECT count(*) FROM jira_{noun}")
    return counts


def _people(jira: Jira, chance: random.Random, issues: int) -> list[Account]:
    count = max(12, min(_MOST_PEOPLE, issues // 20))
    people: list[Account] = []
    for number in range(count):
        name = f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"
        email = f"user{number}@people.example.com"
        account = Account(
            account_id_of(email),
            email,
            name,
            active=number % 9 != 4,
            account_type="app" if number == 7 else "atlassian",
            email_hidden=number % 11 == 3,
        )
        people.append(account)
    jira.accounts.add_many(people)
    _groups(jira, people)
    return people


def _groups(jira: Jira, people: list[Account]) -> None:
    for name, step in (("jira-users", 1), ("developers", 2), ("qa Prüfer", 3), ("empty", 0)):
        group = jira.accounts.add_group(name)
        members = people[::step] if step else []
        jira.accounts.join(group.group_id, [each.account_id for each in members])


def _setting(jira: Jira, chance: random.Random, people: list[Account], issues: int) -> Setting:
    end = min(jira.site.clock.now(), _LATEST)
    add_issue_type(jira, "Verbesserung", "An improvement.", 0)
    jira.objects.add(
        ObjectKind.LINK_TYPE, "Causes", {"inward": "is caused by", "outward": "causes"}
    )
    workflow = _workflow(jira)
    _categories(jira)
    roles = make_roles(jira, people)
    fields = [add_custom_field(jira, name, kind, options) for name, kind, options in _FIELDS]
    count = max(2, min(_MOST_PROJECTS, issues // _ISSUES_PER_PROJECT + 1))
    projects = [_project(jira, chance, people, workflow, number) for number in range(count)]
    notifications = make_notification_schemes(jira, people, roles, fields)
    permissions = make_permission_schemes(jira, people, roles, fields)
    priorities = make_priority_schemes(jira)
    security = make_security_schemes(jira, people, roles, fields)
    for number, project in enumerate(projects):
        make_actors(jira, project, people, roles)
        chosen = {
            "notificationScheme": notifications[number % len(notifications)],
            "permissionScheme": permissions[number % len(permissions)],
            "issueSecurityScheme": security[number % len(security)],
            "priorityScheme": priorities[number % len(priorities)],
        }
        Projects(jira).change(project, body=project.body | chosen)
    return Setting(
        people=people,
        projects=projects,
        fields=fields,
        start=end - datetime.timedelta(days=1000),
        end=end,
        issues=issues,
    )


def _categories(jira: Jira) -> None:
    for name, description in _CATEGORIES:
        jira.objects.add(ObjectKind.CATEGORY, name, {"description": description})


def _workflow(jira: Jira) -> JiraObject:
    old = {each.name: each for each in jira.objects.all(ObjectKind.STATUS)}
    review = add_status(jira, "In Review", "IN_PROGRESS", "Someone looks at it.")
    statuses = [old["To Do"], old["In Progress"], review, old["Done"]]
    workflow = add_workflow(jira, "Software workflow", statuses)
    scheme: Body = {"description": "", "defaultWorkflow": workflow.name, "issueTypeMappings": {}}
    return jira.objects.add(ObjectKind.WORKFLOW_SCHEME, "Software scheme", scheme)


def _project(
    jira: Jira,
    chance: random.Random,
    people: list[Account],
    workflow_scheme: JiraObject,
    number: int,
) -> Project:
    key = _KEYS[number] if number < len(_KEYS) else f"P{number}"
    default_types = jira.objects.named(ObjectKind.TYPE_SCHEME, DEFAULT_TYPE_SCHEME)
    types = [each.id for each in jira.objects.all(ObjectKind.ISSUE_TYPE)]
    scheme = add_type_scheme(jira, f"{key}: issue types", types) if number % 2 else default_types
    if scheme is None or number == 0:
        scheme = add_type_scheme(jira, "PLAT: issue types", types)
    categories = jira.objects.all(ObjectKind.CATEGORY)
    body: Body = {
        "projectTypeKey": "software" if number % 3 else "business",
        "style": "classic",
        "leadAccountId": people[number % 3].account_id,
        "assigneeType": "UNASSIGNED" if number % 2 else "PROJECT_LEAD",
        "description": sentence(chance),
        "url": None,
        "categoryId": categories[number % 4].id if number % 4 < len(categories) else None,
        "entityId": f"00000000-0000-4000-8000-{number:012d}",
    }
    project = Projects(jira).add(key, f"Project {key}", scheme.id, workflow_scheme.id, body)
    _versions(jira, chance, project)
    return project


def _versions(jira: Jira, chance: random.Random, project: Project) -> None:
    for number in range(4):
        body = {
            "description": sentence(chance),
            "archived": number == 0,
            "released": number < 3,
            "releaseDate": f"2024-0{number + 1}-15" if number < 3 else None,
        }
        name = f"{number}.0 „Größe“" if number == 2 else f"{number}.0"
        jira.objects.add(ObjectKind.VERSION, name, body, project_id=project.id)
    for name in ("Backend", "Oberfläche", "Docs & more"):
        body = {
            "project": project.key,
            "description": sentence(chance),
            "assigneeType": "PROJECT_DEFAULT",
            "leadAccountId": project.body["leadAccountId"],
        }
        jira.objects.add(ObjectKind.COMPONENT, name, body, project_id=project.id)
