"""The queues of a desk and the articles of its knowledge base: both can only be read."""

from __future__ import annotations

from aiohttp import web

from sitekeep_simulator.answers import query_flag
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.service_management.desks import desk_in
from sitekeep_simulator.service_management.paging import (
    SERVICE_DESK_API,
    page_answer,
    service_url,
)


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of queues and articles."""
    queues = Queues(jira)
    desk = f"{SERVICE_DESK_API}/servicedesk/{{serviceDeskId}}"
    return [
        web.get(f"{desk}/queue", queues.list),
        web.get(f"{desk}/knowledgebase/article", queues.articles),
    ]


class Queues:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def list(self, request: web.Request) -> web.StreamResponse:
        """GET servicedesk/{id}/queue; how many issues each has, on request."""
        desk = desk_in(self._jira, request)
        found = self._jira.objects.all(ObjectKind.QUEUE, desk.id)
        counted = query_flag(request, "includeCount")
        return page_answer(self._jira, request, [self._bean(each, counted) for each in found])

    async def articles(self, request: web.Request) -> web.StreamResponse:
        """GET servicedesk/{id}/knowledgebase/article: those that a text is found in, * for all."""
        desk = desk_in(self._jira, request)
        sought = request.query.get("query", "").strip()
        if not sought:
            raise Refused(400, "The query must not be empty.")
        word = "" if sought == "*" else sought.casefold()
        found = self._jira.objects.all(ObjectKind.ARTICLE, desk.id)
        beans = [self._article(each) for each in found if word in each.name.casefold()]
        return page_answer(self._jira, request, beans)

    def _bean(self, queue: JiraObject, counted: bool) -> Body:
        bean: Body = {
            "id": str(queue.id),
            "name": queue.name,
            "jql": queue.body["jql"],
            "fields": queue.body["fields"],
            "_links": {
                "self": service_url(self._jira, f"/servicedesk/{queue.project_id}/queue/{queue.id}")
            },
        }
        return bean | ({"issueCount": 0} if counted else {})

    def _article(self, article: JiraObject) -> Body:
        page = article.body["pageId"]
        path = f"/rest/servicedesk/knowledgebase/latest/articles/view/{page}"
        return {
            "title": article.name,
            "excerpt": article.body["excerpt"],
            "source": {"type": "confluence", "pageId": page, "spaceKey": article.body["spaceKey"]},
            "content": {"iframeSrc": f"{self._jira.site.placeholder}{path}"},
        }
