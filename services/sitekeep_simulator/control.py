"""The simulator's own endpoints, which no real site has: faults, limits, the request log."""

from __future__ import annotations

from aiohttp import web

from sitekeep_simulator.answers import json_answer, no_content, read_object
from sitekeep_simulator.faults import fault_from_json
from sitekeep_simulator.limits import limits_from_json
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite


def register_control(app: web.Application, site: SimulatedSite) -> None:
    """Adds ``/_simulator/faults``, ``/limits`` and ``/requests``; they need no sign-in."""

    async def add_fault(request: web.Request) -> web.StreamResponse:
        try:
            fault = fault_from_json(await read_object(request))
        except (TypeError, ValueError) as error:
            raise Refused(400, str(error)) from error
        return json_answer(site, site.faults.add(fault).to_json(), 201)

    async def list_faults(_: web.Request) -> web.StreamResponse:
        return json_answer(site, [fault.to_json() for fault in site.faults.planned])

    async def clear_faults(_: web.Request) -> web.StreamResponse:
        site.faults.clear()
        return no_content()

    async def set_limits(request: web.Request) -> web.StreamResponse:
        try:
            site.limits = limits_from_json(await read_object(request))
        except (TypeError, ValueError) as error:
            raise Refused(400, str(error)) from error
        return no_content()

    async def requests(_: web.Request) -> web.StreamResponse:
        return json_answer(site, site.request_log.to_json())

    async def clear_requests(_: web.Request) -> web.StreamResponse:
        site.request_log.clear()
        return no_content()

    async def tenant_info(_: web.Request) -> web.StreamResponse:
        return json_answer(site, {"cloudId": site.cloud_id})

    app.router.add_post("/_simulator/faults", add_fault)
    app.router.add_get("/_simulator/faults", list_faults)
    app.router.add_delete("/_simulator/faults", clear_faults)
    app.router.add_put("/_simulator/limits", set_limits)
    app.router.add_get("/_simulator/requests", requests)
    app.router.add_delete("/_simulator/requests", clear_requests)
    app.router.add_get("/_edge/tenant_info", tenant_info)
