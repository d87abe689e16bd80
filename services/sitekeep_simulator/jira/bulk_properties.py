"""Setting the properties of many issues in one request, as a task that runs on."""

from __future__ import annotations

from aiohttp import web

from sitekeep_simulator.answers import caller, list_in, object_in, read_object
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.permissions import Permissions
from sitekeep_simulator.jira.state import API
from sitekeep_simulator.jira.tasks import Tasks
from sitekeep_simulator.jira.watchers import store_property
from sitekeep_simulator.refusals import Refused

_ISSUES_CAP = 100
_PROPERTIES_CAP = 10


def routes(issues: Issues) -> list[web.RouteDef]:
    """The route of properties in bulk."""
    return [web.post(f"{API}/issue/properties/multi", BulkProperties(issues).set_many)]


class BulkProperties:
    """The handler."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._tasks = Tasks(issues)
        self._permissions = Permissions(issues.jira)

    async def set_many(self, request: web.Request) -> web.StreamResponse:
        """POST issue/properties/multi: 303 to the task; each issue fails for itself."""
        listed: list[Body] = list_in(await read_object(request), "issues")
        if not 1 <= len(listed) <= _ISSUES_CAP:
            raise Refused(400, f"Between 1 and {_ISSUES_CAP} issues must be given.")
        if any(len(object_in(each, "properties")) > _PROPERTIES_CAP for each in listed):
            raise Refused(400, f"At most {_PROPERTIES_CAP} properties can be set on an issue.")
        with self._issues.jira.store.transaction():
            done = [number for each in listed for number in self._set(request, each)]
            task = self._tasks.add(caller(request).account_id, done, len(listed))
        return web.Response(status=303, headers={"Location": self._location(request, task)})

    def _set(self, request: web.Request, wanted: Body) -> list[int]:
        """The id of the issue; nothing where it is not shown or a value is not taken."""
        issue = self._issues.find(str(wanted.get("issueID", "")))
        if issue is None or not self._permissions.may_see(caller(request), issue):
            return []
        try:
            for key, value in object_in(wanted, "properties").items():
                store_property(self._issues, issue["id"], key, value)
        except Refused:
            return []
        return [issue["id"]]

    def _location(self, request: web.Request, task: int) -> str:
        return f"{request.url.origin()}{API}/task/{task}"
