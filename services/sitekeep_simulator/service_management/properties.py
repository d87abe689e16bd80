"""Properties of organizations and request types: JSON by key, kept in the body of their owner."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from sitekeep_simulator.answers import json_answer, read_json
from sitekeep_simulator.jira.comments import check_property
from sitekeep_simulator.jira.objects import Body, JiraObject
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.service_management.paging import service_url


def keys_answer(jira: Jira, owner: JiraObject, path: str) -> web.Response:
    """The keys of an owner's properties."""
    keys = [{"key": key, "self": service_url(jira, f"{path}/{key}")} for key in _all(owner)]
    return json_answer(jira.site, {"keys": keys})


def value_answer(jira: Jira, owner: JiraObject, request: web.Request) -> web.Response:
    """One property. Raises Refused (404)."""
    key = request.match_info["propertyKey"]
    if key not in _all(owner):
        raise Refused(404, f"The property {key} does not exist.")
    return json_answer(jira.site, {"key": key, "value": _all(owner)[key]})


async def set_property(jira: Jira, owner: JiraObject, request: web.Request) -> web.Response:
    """Sets one: 201 for a new one, 200 for one that was there."""
    key, value = request.match_info["propertyKey"], await read_json(request)
    check_property(key, value)
    status = 200 if key in _all(owner) else 201
    body = owner.body | {"properties": _all(owner) | {key: value}}
    jira.objects.put(dataclasses.replace(owner, body=body))
    return json_answer(jira.site, {}, status)


def _all(owner: JiraObject) -> Body:
    found: Body = owner.body["properties"]
    return found
