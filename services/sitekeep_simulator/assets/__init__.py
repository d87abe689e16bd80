"""Assets of Jira Service Management on a simulated site.

There is no OpenAPI document of it beside the others, so what is known is written down here; the
source is Atlassian's page "Assets REST API" (developer.atlassian.com/cloud/assets/rest, groups
objectschema, objecttype, objecttypeattribute, object, config/statustype, config/referencetype,
icon), as public clients model it (jira.js ``src/assets``, go-atlassian ``assets_*.go``):

* ``GET /rest/servicedeskapi/assets/workspace`` names the workspace (judged by the documents).
* Everything else is behind the gateway: ``{gateway}/ex/jira/{cloudId}/jsm/assets/workspace/
  {workspaceId}/v1``, with the same e-mail address and token. The simulated site is its own gateway.
* ``GET objectschema/list?startAt&maxResults`` is paged (values, total, isLast);
  ``objectschema/{id}/objecttypes/flat``, ``objecttype/{id}/attributes``, ``config/statustype``,
  ``config/referencetype`` and ``icon/global`` are plain arrays.
* ``POST object/aql?startAt&maxResults&includeAttributes`` with ``{"qlQuery"}`` is a page without a
  reliable total, ended by ``isLast`` and of at most 25 objects whatever is asked for;
  ``POST object/aql/totalcount`` counts.
* A new type has the attributes Key, Name (the label), Created and Updated; the first and the last
  two are the site's. Children of a type that hands on (``inherited``) have its other attributes.
* ``POST object/create`` takes ``attributes: [{objectTypeAttributeId, objectAttributeValues:
  [{value}]}]``: ids of objects and statuses, account ids, group names, else texts. Keys are
  ``{schema key}-{object id}``; the site gives them.
* An issue's field of type ``com.atlassian.jira.plugins.cmdb:cmdb-object-cftype`` is a list of
  ``{workspaceId, id, objectId}``; what names no object is dropped without a word (204).
* Files and comments of objects have no documented request.
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

from sitekeep_simulator.assets import attributes, objects, schemas, types
from sitekeep_simulator.assets.state import PREFIX, Assets
from sitekeep_simulator.jira.state import Jira


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of Assets: the name of the workspace, and what is behind the gateway."""
    assets = Assets(jira)
    found = [web.get("/rest/servicedeskapi/assets/workspace", assets.workspaces)]
    for module in (schemas, types, attributes, objects):
        for method, path, handler in module.handlers(assets):
            found.append(web.route(method, PREFIX + path, _guarded(assets, handler)))
    return found


def _guarded(assets: Assets, handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        assets.check(request)
        return await handler(request)

    return handle
