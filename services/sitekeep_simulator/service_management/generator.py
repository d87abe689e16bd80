"""Generated service desks: request types, queues, organizations, customers and articles."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

from sitekeep_simulator.accounts import Account, account_id_of
from sitekeep_simulator.jira.access_schemes import access_schemes
from sitekeep_simulator.jira.defaults import (
    DEFAULT_SCHEME,
    DEFAULT_TYPE_SCHEME,
    add_type_scheme,
)
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project, Projects
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.service_management.desks import PROJECT_TYPE, add_desk
from sitekeep_simulator.service_management.generator_requests import RequestMaker
from sitekeep_simulator.service_management.organizations import add_organization
from sitekeep_simulator.service_management.request_types import add_request_type, field_bean

_DESKS = (("HELP", "Hilfe & „Service“"), ("ITSM", "IT <support>"), ("KUNDEN", "お客様サポート"))
_GROUPS = ("Häufig gefragt", "その他 & more")
_REQUEST_TYPES = ("Get „IT“ help", "Neuer Zugang (VPN)", "故障を報告 <b>", "Something else?")
_QUEUES = (
    ("All open", "resolution = Unresolved ORDER BY created ASC"),
    ("Größe & „mehr“", 'priority = High AND text ~ "Größe"'),
    ("未割り当て", "assignee IS EMPTY"),
)
_ARTICLES = ("How to reset „it“", "VPN einrichten – Größe M", "よくある質問 & more")
_ORGANIZATIONS = ("Müller & Söhne", "株式会社サンプル", "ACME <Inc.>", "Nobody's")
_CUSTOMERS = ("Ada Portal", "Björk Kundin", "顧客 太郎", "Zoë O'Client")
_CONTRACT = {"level": "gold & „mehr“", "seats": 12, "renewal": None}


class DeskMaker:
    """Makes desks. Every draw comes from one source of chance of its own, in one order."""

    def __init__(self, jira: Jira, chance: random.Random, setting: Setting) -> None:
        self._jira = jira
        self._chance = chance
        self._setting = setting

    def make_all(self) -> None:
        """Three desks with what they have, and requests on each."""
        customers = self._customers()
        organizations = self._organizations(customers)
        desks = [self._desk(*each, customers, organizations) for each in _DESKS]
        maker = RequestMaker(self._jira, self._chance, self._setting)
        maker.make_all(desks, customers)

    def _customers(self) -> list[Account]:
        """People who only know the portal: they are no members of the site."""
        accounts = self._jira.accounts
        people = [
            Account(account_id_of(email), email, name, account_type="customer")
            for number, name in enumerate(_CUSTOMERS)
            for email in [f"customer{number}@customers.example.com"]
        ]
        accounts.add_many(people)
        return people

    def _organizations(self, customers: Sequence[Account]) -> list[JiraObject]:
        members = [
            *(each.account_id for each in customers[:3]),
            *(each.account_id for each in self._setting.people if each.active),
        ]
        made: list[JiraObject] = []
        for number, name in enumerate(_ORGANIZATIONS):
            some = self._chance.sample(members, 4) if number < 3 else []
            properties: Body = {"vertrag": _CONTRACT | {"number": number}} if number < 3 else {}
            made.append(add_organization(self._jira, name, some, properties))
        return made

    def _desk(
        self,
        key: str,
        name: str,
        customers: Sequence[Account],
        organizations: Sequence[JiraObject],
    ) -> tuple[Project, JiraObject]:
        project = self._project(key, name)
        desk = add_desk(self._jira, project.id)
        people = [each.account_id for each in self._setting.people[:5] if each.active]
        body: Body = {
            "customers": [*people, *(each.account_id for each in customers)],
            "organizations": sorted(each.id for each in self._chance.sample(organizations, 3)),
        }
        desk = dataclasses.replace(desk, body=body)
        self._jira.objects.put(desk)
        self._request_types(project, desk)
        for title, query in _QUEUES:
            kept: Body = {"jql": f"project = {key} AND {query}", "fields": ["issuekey", "summary"]}
            self._jira.objects.add(ObjectKind.QUEUE, title, kept, project_id=desk.id)
        for number, title in enumerate(_ARTICLES):
            kept = {"excerpt": f"{title}…", "pageId": str(desk.id + number), "spaceKey": "KB"}
            self._jira.objects.add(ObjectKind.ARTICLE, title, kept, project_id=desk.id)
        return project, desk

    def _project(self, key: str, name: str) -> Project:
        default = self._jira.objects.named(ObjectKind.TYPE_SCHEME, DEFAULT_TYPE_SCHEME)
        ids: list[int] = default.body["issueTypeIds"] if default else []
        types = add_type_scheme(self._jira, f"{key}: „issue types“", ids)
        workflows = self._jira.objects.named(ObjectKind.WORKFLOW_SCHEME, DEFAULT_SCHEME)
        body: Body = {
            "projectTypeKey": PROJECT_TYPE,
            "style": "classic",
            "leadAccountId": self._setting.people[0].account_id,
            "assigneeType": "UNASSIGNED",
            "description": f"{name}: ask here.",
            "url": None,
            "categoryId": None,
            "entityId": f"00000000-0000-4000-8000-{sum(key.encode()):012d}",
            **access_schemes(self._jira, {}),
        }
        project = Projects(self._jira).add(
            key, name, types.id, workflows.id if workflows else 0, body
        )
        self._parts(project)
        return project

    def _parts(self, project: Project) -> None:
        for name in ("Sommer „1“", "Winter"):
            version: Body = {"description": "", "archived": False, "released": False}
            self._jira.objects.add(
                ObjectKind.VERSION, name, version | {"releaseDate": None}, project_id=project.id
            )
        for name in ("Hardware", "Konten & Zugänge"):
            component: Body = {
                "project": project.key,
                "description": "",
                "assigneeType": "PROJECT_DEFAULT",
                "leadAccountId": None,
            }
            self._jira.objects.add(ObjectKind.COMPONENT, name, component, project_id=project.id)

    def _request_types(self, project: Project, desk: JiraObject) -> None:
        """One for each standard issue type; the last one is in no group: no portal shows it."""
        groups = [
            self._jira.objects.add(ObjectKind.REQUEST_TYPE_GROUP, name, {}, project_id=desk.id).id
            for name in _GROUPS
        ]
        types = [
            each
            for each in Projects(self._jira).issue_types(project)
            if each.body["hierarchyLevel"] == 0
        ]
        fields = [
            field_bean("summary", "Worum geht's?", "string", required=True),
            field_bean("description", "Was genau?", "string"),
            field_bean("priority", "Eile", "priority", visible=False),
        ]
        last = len(types) - 1
        for number, issue_type in enumerate(types):
            name = _REQUEST_TYPES[number % len(_REQUEST_TYPES)]
            add_request_type(
                self._jira,
                desk,
                name if number < len(_REQUEST_TYPES) else f"{name} {number}",
                issue_type.id,
                description=f"Für „{issue_type.name}“.",
                helpText="" if number % 2 else "Say *what* & where.",
                groups=[] if number == last else groups[: 1 + number % 2],
                icon=str(10500 + number),
                restriction="RESTRICTED" if number == 1 else "OPEN",
                practice="" if number else "SERVICE_REQUEST_MANAGEMENT",
                fields=fields[: 2 + number % 2],
                properties={"form": {"version": number, "text": "Größe"}} if number < 3 else {},
            )


def make_desks(jira: Jira, chance: random.Random, setting: Setting) -> None:
    """Service desks, where the site has the app; takes one number of the chance."""
    seed = chance.getrandbits(64)
    if jira.site.service_management:
        DeskMaker(jira, random.Random(seed), setting).make_all()
