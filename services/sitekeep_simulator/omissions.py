"""Answers that lack items: what a site does that forgets some, or that fails for some."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeGuard

import msgspec
from aiohttp import web

from sitekeep_simulator.faults import Fault, FaultKind

ERRORS = "issueErrors"
"""Where issue/bulkfetch names what it could not return (Jira REST v3)."""

Json = Any


def take_out(answer: web.StreamResponse, faults: Sequence[Fault]) -> web.StreamResponse:
    """Takes the items of the faults out of the lists of an answer; counts who did something."""
    if not faults or not isinstance(answer, web.Response) or answer.status != 200:
        return answer
    if answer.content_type != "application/json" or not isinstance(answer.body, bytes):
        return answer
    body: Json = msgspec.json.decode(answer.body)
    for fault in faults:
        gone = _without(body, fault.items)
        fault.fired += bool(gone)
        if fault.kind is FaultKind.UNRETURNED and _is_object(body) and ERRORS in body:
            body[ERRORS] += [{"id": each["id"], "errorMessage": "It failed."} for each in gone]
    answer.body = msgspec.json.encode(body)
    return answer


def _is_object(value: Json) -> TypeGuard[dict[str, Json]]:
    return isinstance(value, dict)


def _is_list(value: Json) -> TypeGuard[list[Json]]:
    return isinstance(value, list)


def _without(body: Json, items: Collection[str]) -> list[Json]:
    """Takes items out of the body, a list or an object with lists; returns them."""
    lists = [body] if _is_list(body) else list(body.values()) if _is_object(body) else []
    gone: list[Json] = []
    for listed in lists:
        if _is_list(listed):
            found = [each for each in listed if _names(each) & set(items)]
            gone += found
            listed[:] = [each for each in listed if each not in found]
    return gone


def _names(item: Json) -> set[str]:
    if not _is_object(item):
        return set()
    return {str(item[name]) for name in ("id", "key") if name in item}
