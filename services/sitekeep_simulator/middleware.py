"""What every request passes: the log, the faults, the sign-in, the shape of refusals."""

from __future__ import annotations

import asyncio
import base64
import binascii
import datetime
import re

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import CALLER, json_answer
from sitekeep_simulator.faults import Fault, FaultKind
from sitekeep_simulator.limits import Verdict
from sitekeep_simulator.omissions import take_out
from sitekeep_simulator.refusals import Refused, refusal_body
from sitekeep_simulator.site import SimulatedSite

CONTROL_PREFIX = "/_simulator/"
_ANONYMOUS = ("/_edge/tenant_info", "/rest/api/3/serverInfo")
_BEYOND_U_FFFF = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
_RATE_LIMIT_PAGE = "<html><head><title>429 Too Many Requests</title></head></html>"


def log_middleware(site: SimulatedSite) -> Middleware:
    """Counts every request by its method and its route."""

    @web.middleware
    async def log(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(CONTROL_PREFIX):
            return await handler(request)
        answer = await handler(request)
        lost = request.transport is None or request.transport.is_closing()
        site.request_log.note(request.method, _template(request), 0 if lost else answer.status)
        return answer

    return log


def _template(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return request.path if resource is None else resource.canonical


def limit_middleware(site: SimulatedSite) -> Middleware:
    """Refuses (429) what is over the site's limits, and tells how near they are."""

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(CONTROL_PREFIX):
            return await handler(request)
        issue = request.match_info.get("issueIdOrKey", "")
        now = site.clock.now().timestamp()
        verdict = site.limits.judge(request.method, _template(request), issue, now)
        if verdict.allowed:
            answer = await handler(request)
        else:
            await request.read()
            answer = _over_limit(site, request, verdict)
        if not answer.prepared:
            answer.headers.update(verdict.headers)
        return answer

    return limit


def _over_limit(site: SimulatedSite, request: web.Request, verdict: Verdict) -> web.Response:
    refusal = Refused(429, "Rate limit exceeded.")
    answer = json_answer(site, refusal_body(request.path, refusal), refusal.status)
    reset = site.clock.now() + datetime.timedelta(seconds=verdict.retry_after)
    answer.headers["Retry-After"] = str(verdict.retry_after)
    answer.headers["X-RateLimit-Reset"] = reset.strftime("%Y-%m-%dT%H:%M:%SZ")
    answer.headers["RateLimit-Reason"] = verdict.reason
    return answer


def fault_middleware(site: SimulatedSite) -> Middleware:
    """Lets the planned faults happen."""

    @web.middleware
    async def fail(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(CONTROL_PREFIX):
            return await handler(request)
        fault = site.faults.take(request.method, request.path)
        if fault is None:
            omitting = site.faults.omitting(request.method, request.path)
            return take_out(await handler(request), omitting)
        early = _instead(site, request, fault)
        if early is not None:
            await request.read()
            return early
        await asyncio.sleep(fault.delay)
        return await _spoilt(request, fault, await handler(request))

    return fail


def refusal_middleware(site: SimulatedSite) -> Middleware:
    """Turns refusals, unknown routes and wrong methods into the JSON of the product."""

    @web.middleware
    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as error:
            refusal = error
        except web.HTTPNotFound:
            refusal = Refused(404, f"No resource method found for {request.method}")
        except web.HTTPMethodNotAllowed:
            refusal = Refused(405, f"Method {request.method} not allowed")
        return json_answer(site, refusal_body(request.path, refusal), refusal.status)

    return refuse


def sign_in_middleware(site: SimulatedSite) -> Middleware:
    """Demands an e-mail address and an API token (Basic) of an active member."""

    @web.middleware
    async def sign_in(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in _ANONYMOUS or request.path.startswith(CONTROL_PREFIX):
            return await handler(request)
        account = _signed(site, request.headers.get("Authorization", ""))
        if account is None:
            raise Refused(401, "Client must be authenticated to access this resource.")
        request[CALLER] = account
        answer = await handler(request)
        if not answer.prepared:
            answer.headers["X-AACCOUNTID"] = account.account_id
        return answer

    return sign_in


def _signed(site: SimulatedSite, header: str) -> Account | None:
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    email, _, token = text.partition(":")
    return site.accounts.sign_in(email, token)


def _instead(site: SimulatedSite, request: web.Request, fault: Fault) -> web.Response | None:
    statuses = {
        FaultKind.RATE_LIMITED: 429,
        FaultKind.UNAVAILABLE: 503,
        FaultKind.ERROR: 500,
        FaultKind.MISSING: 404,
        FaultKind.REFUSED: 400,
        FaultKind.FORBIDDEN: 403,
    }
    status = statuses.get(fault.kind)
    if status is None:
        return None
    if fault.html:
        answer = web.Response(text=_RATE_LIMIT_PAGE, status=status, content_type="text/html")
    else:
        refusal = Refused(status, "Rate limit exceeded." if status == 429 else "It did not work.")
        answer = json_answer(site, refusal_body(request.path, refusal), status)
    answer.headers.update(_limit_headers(site, fault, status))
    return answer


def _limit_headers(site: SimulatedSite, fault: Fault, status: int) -> dict[str, str]:
    headers: dict[str, str] = {}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    if status == 429:
        reset = site.clock.now() + datetime.timedelta(seconds=fault.retry_after or 0)
        headers["X-RateLimit-Limit"] = "100"
        headers["X-RateLimit-Remaining"] = "0"
        headers["X-RateLimit-Reset"] = reset.strftime("%Y-%m-%dT%H:%M:%SZ")
    if fault.reason:
        headers["RateLimit-Reason"] = fault.reason
    return headers


async def _spoilt(
    request: web.Request, fault: Fault, answer: web.StreamResponse
) -> web.StreamResponse:
    if fault.kind is FaultKind.LOST:
        _hang_up(request)
        return answer
    if not isinstance(answer, web.Response) or fault.kind is FaultKind.DELAY:
        return answer
    body = bytes(answer.body) if isinstance(answer.body, (bytes, bytearray)) else b""
    half = body[: len(body) // 2]
    if fault.kind is FaultKind.HALVED:
        answer.body = _BEYOND_U_FFFF.sub(rb"\\ud83d", body)
        return answer
    if fault.kind is FaultKind.TRUNCATED:
        answer.body = half
        return answer
    return await _cut(request, answer, half, len(body))


async def _cut(
    request: web.Request, answer: web.Response, half: bytes, size: int
) -> web.StreamResponse:
    headers = {name: text for name, text in answer.headers.items() if name != "Content-Length"}
    cut = web.StreamResponse(status=answer.status, headers=headers)
    cut.content_length = size
    await cut.prepare(request)
    await cut.write(half)
    _hang_up(request)
    return cut


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
