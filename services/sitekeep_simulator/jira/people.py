"""Who the caller is, the site's users, their preferences, and what the server is."""

from __future__ import annotations

import re

import msgspec
from aiohttp import web

from sitekeep_simulator.accounts import ADMIN_GROUP, Account
from sitekeep_simulator.answers import caller, json_answer, no_content, query_list, read_object
from sitekeep_simulator.jira.beans import user_bean
from sitekeep_simulator.jira.holders import APPLICATIONS
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.paging import page_bounds
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+$")
_PERMISSIONS = (
    "ADMINISTER",
    "SYSTEM_ADMIN",
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "DELETE_ISSUES",
    "MODIFY_REPORTER",
    "MANAGE_WATCHERS",
    "TRANSITION_ISSUES",
    "LINK_ISSUES",
    "CREATE_ATTACHMENTS",
    "ADD_COMMENTS",
    "WORK_ON_ISSUES",
    "ADMINISTER_PROJECTS",
    "BULK_CHANGE",
    "USER_PICKER",
    "CREATE_PROJECT",
)
_GLOBAL = {"ADMINISTER", "SYSTEM_ADMIN", "BULK_CHANGE", "USER_PICKER", "CREATE_PROJECT"}
_FOR_ADMINS = {"ADMINISTER", "SYSTEM_ADMIN", "CREATE_PROJECT"}


_PROJECTS_OF = {
    "jira-servicedesk": "service_desk",
    "jira-product-discovery": "product_discovery",
}
"""The type of the projects of those apps that not every site has."""


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of people and of the server itself."""
    people = People(jira)
    return [
        web.get(f"{API}/serverInfo", people.server_info),
        web.get(f"{API}/myself", people.myself),
        web.get(f"{API}/mypermissions", people.permissions),
        web.get(f"{API}/mypreferences", people.preference),
        web.put(f"{API}/mypreferences", people.set_preference),
        web.delete(f"{API}/mypreferences", people.delete_preference),
        web.get(f"{API}/users/search", people.search),
        web.get(f"{API}/users", people.search),
        web.get(f"{API}/user", people.user),
        web.get(f"{API}/applicationrole", people.application_roles),
        web.post(f"{API}/user", people.create),
    ]


class People:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def application_roles(self, _: web.Request) -> web.StreamResponse:
        """GET applicationrole: the apps that are always there, and those that projects need."""
        kinds = {each.body["projectTypeKey"] for each in Projects(self._jira).all()}
        beans = [
            {"key": key, "name": key.replace("-", " ").title(), "platform": key == "jira-core"}
            for key in APPLICATIONS
            if _PROJECTS_OF.get(key) is None or _PROJECTS_OF[key] in kinds
        ]
        return json_answer(self._jira.site, beans)

    async def server_info(self, request: web.Request) -> web.StreamResponse:
        """GET serverInfo."""
        base = self._jira.site.placeholder
        info: Body = {
            "baseUrl": base,
            "displayUrl": base,
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100_300,
            "buildDate": "2026-01-01T00:00:00.000+0000",
            "serverTime": self._jira.now(),
            "scmInfo": "",
            "serverTitle": self._jira.site.name,
            "serverTimeZone": "Etc/UTC",
        }
        return json_answer(self._jira.site, info)

    async def myself(self, request: web.Request) -> web.StreamResponse:
        """GET myself: the caller with groups and locale."""
        account = caller(request)
        names = [group.name for group in self._jira.accounts.groups_of(account.account_id)]
        more: Body = {
            "locale": "en_US",
            "groups": {"size": len(names), "items": []},
            "applicationRoles": {"size": 1, "items": []},
            "expand": "groups,applicationRoles",
        }
        return json_answer(self._jira.site, user_bean(self._jira, account) | more)

    async def permissions(self, request: web.Request) -> web.StreamResponse:
        """GET mypermissions. Source: the parameter ``permissions`` has been required since 2019."""
        wanted = query_list(request, "permissions")
        if not wanted:
            raise Refused(400, "The 'permissions' query parameter is required.")
        unknown = [name for name in wanted if name not in _PERMISSIONS]
        if unknown:
            raise Refused(400, f"Unrecognized permission: {', '.join(unknown)}")
        admin = self._is_admin(caller(request))
        answer = {
            name: {
                "id": str(_PERMISSIONS.index(name)),
                "key": name,
                "name": name.replace("_", " ").title(),
                "type": "GLOBAL" if name in _GLOBAL else "PROJECT",
                "description": "",
                "havePermission": admin or name not in _FOR_ADMINS,
            }
            for name in wanted
        }
        return json_answer(self._jira.site, {"permissions": answer})

    async def search(self, request: web.Request) -> web.StreamResponse:
        """GET users/search: a bare list without a total, at most 1000 a page."""
        start, size = page_bounds(request, 50, 1000)
        page = self._jira.accounts.page(start, size)
        return json_answer(self._jira.site, [user_bean(self._jira, each) for each in page])

    async def user(self, request: web.Request) -> web.StreamResponse:
        """GET user by account id."""
        account = self._jira.accounts.get(request.query.get("accountId", ""))
        if account is None:
            raise Refused(404, "Specified user does not exist or you do not have permission.")
        return json_answer(self._jira.site, user_bean(self._jira, account))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST user: gives a person access to the site."""
        body = await read_object(request)
        if not self._is_admin(caller(request)):
            raise Refused(403, "You do not have permission to create users.")
        email = str(body.get("emailAddress") or "")
        if not _EMAIL.match(email):
            raise Refused(400, fields={"emailAddress": "Please specify a valid email address."})
        if not isinstance(body.get("products"), list):
            raise Refused(400, fields={"products": "Please specify the products."})
        name = str(body.get("displayName") or email.partition("@")[0])
        account = self._jira.accounts.invite(email, name)
        self._give_access(account, [str(product) for product in body["products"]])
        return json_answer(self._jira.site, user_bean(self._jira, account), 201)

    async def preference(self, request: web.Request) -> web.StreamResponse:
        """GET mypreferences by key."""
        value = self._jira.store.value(
            "SELECT value FROM jira_preference WHERE account_id = ? AND key = ?",
            (caller(request).account_id, self._key(request)),
        )
        if value is None:
            raise Refused(404, "The preference is not set.")
        return web.Response(text=str(value), content_type="application/json")

    async def set_preference(self, request: web.Request) -> web.StreamResponse:
        """PUT mypreferences: the body is the bare value."""
        text = (await request.text()).strip()
        try:
            value = str(msgspec.json.decode(text)) if text.startswith('"') else text
        except msgspec.DecodeError as error:
            raise Refused(400, "The value is not valid.") from error
        self._jira.store.execute(
            "INSERT OR REPLACE INTO jira_preference VALUES (?, ?, ?)",
            (caller(request).account_id, self._key(request), value),
        )
        return no_content()

    async def delete_preference(self, request: web.Request) -> web.StreamResponse:
        """DELETE mypreferences by key."""
        found = self._jira.store.execute(
            "DELETE FROM jira_preference WHERE account_id = ? AND key = ?",
            (caller(request).account_id, self._key(request)),
        )
        if not found.rowcount:
            raise Refused(404, "The preference is not set.")
        return no_content()

    def _give_access(self, account: Account, products: list[str]) -> None:
        for product in {name.partition("-")[0] for name in products}:
            group = self._jira.accounts.group(name=f"{product}-users")
            if group is not None:
                self._jira.accounts.join(group.group_id, [account.account_id])

    def _is_admin(self, account: Account) -> bool:
        groups = self._jira.accounts.groups_of(account.account_id)
        return any(group.name == ADMIN_GROUP for group in groups)

    @staticmethod
    def _key(request: web.Request) -> str:
        key = request.query.get("key", "")
        if not key:
            raise Refused(404, "The key is not given.")
        return key
