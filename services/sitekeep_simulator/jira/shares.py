"""With whom filters and dashboards are shared."""

from __future__ import annotations

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import list_in, object_in
from sitekeep_simulator.jira.beans import user_bean
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.permissions import BROWSE, Permissions
from sitekeep_simulator.jira.projects import Projects, brief_bean
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused

_FIRST_ID = 10_000


class Shares:
    """Reads the permissions of a request and shows stored ones.

    A stored permission is ``{"type", "id"}``: of the group, the project or the account; that of
    those who act in a role of a project has the id of the role, too.
    """

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._projects = Projects(jira)
        self._permissions = Permissions(jira)

    def read(self, body: Body, name: str, who: Account) -> list[Body]:
        """The permissions under a name of somebody's request. Raises Refused (400)."""
        listed: Body = {str(number): each for number, each in enumerate(list_in(body, name))}
        return [self._stored(object_in(listed, number), who) for number in listed]

    def _stored(self, permission: Body, who: Account) -> Body:
        kind = str(permission.get("type"))
        if kind in ("global", "authenticated", "loggedin"):
            return {"type": "global" if kind == "global" else "loggedin", "id": ""}
        if kind in ("project", "projectRole"):
            return self._in_project(permission, who)
        readers = {"group": self._group, "user": self._user}
        if kind not in readers:
            raise Refused(400, fields={"shares": f"The share type '{kind}' is not supported."})
        return {"type": kind, "id": readers[kind](object_in(permission, kind))}

    def _group(self, named: Body) -> str:
        group_id, name = str(named.get("groupId") or ""), str(named.get("name") or "")
        found = self._jira.accounts.group(group_id=group_id, name=name)
        if found is None:
            raise Refused(400, fields={"shares": f"Group '{group_id or name}' does not exist."})
        return found.group_id

    def _in_project(self, permission: Body, who: Account) -> Body:
        named = object_in(permission, "project")
        project = self._projects.find(str(named.get("id") or ""))
        if project is None or not self._permissions.allowed(who, BROWSE, project):
            raise Refused(400, fields={"shares": "The project does not exist or is not shown."})
        stored: Body = {"type": "project", "id": str(project.id)}
        if permission["type"] == "project":
            return stored
        wanted = object_in(permission, "role").get("id")
        role = self._jira.objects.get(ObjectKind.ROLE, wanted)
        if role is None:
            raise Refused(400, fields={"shares": "The role does not exist."})
        return stored | {"role": role.id}

    def _user(self, named: Body) -> str:
        account = self._jira.accounts.get(str(named.get("accountId") or ""))
        if account is None:
            raise Refused(400, fields={"shares": "The user does not exist."})
        return account.account_id

    def beans(self, permissions: list[Body]) -> list[Body]:
        """The permissions, as filters and dashboards show them; of what is gone, none."""
        found = (self._bean(number, each) for number, each in enumerate(permissions, _FIRST_ID))
        return [bean for bean in found if bean is not None]

    def _bean(self, number: int, permission: Body) -> Body | None:
        kind = permission["type"]
        bean: Body = {"id": number, "type": kind}
        if kind in ("global", "loggedin"):
            return bean
        named = self._named(kind, permission["id"])
        if named is None or "role" not in permission:
            return None if named is None else bean | {kind: named}
        role = self._jira.objects.get(ObjectKind.ROLE, permission["role"])
        return None if role is None else bean | {kind: named, "role": self._role(role)}

    def _role(self, role: JiraObject) -> Body:
        return {
            "self": self._jira.url(f"/role/{role.id}"),
            "name": role.name,
            "id": role.id,
            "description": role.body["description"],
        }

    def _named(self, kind: str, identifier: str) -> Body | None:
        if kind == "group":
            group = self._jira.accounts.group(group_id=identifier)
            return None if group is None else {"name": group.name, "groupId": group.group_id}
        if kind == "project":
            project = self._projects.find(identifier)
            return None if project is None else brief_bean(self._jira, project)
        account = self._jira.accounts.get(identifier)
        return None if account is None else self._person(account)

    def _person(self, account: Account) -> Body:
        bean = user_bean(self._jira, account)
        return {key: bean[key] for key in ("self", "accountId", "active", "displayName")}
