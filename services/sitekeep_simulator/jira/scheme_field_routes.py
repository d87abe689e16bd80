"""The endpoints of the fields of field schemes (config/fieldschemes, Jira REST v3)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

from aiohttp import web

from sitekeep_simulator.answers import (
    json_answer,
    list_in,
    no_content,
    object_in,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.field_configuration_routes import (
    LONGEST_TEXT,
)
from sitekeep_simulator.jira.field_scheme_routes import ONE, PATH, OfNewerGeneration, Result
from sitekeep_simulator.jira.field_schemes import (
    ALWAYS_REQUIRED,
    REMOVABLE,
    association,
    associations,
    put_association,
)
from sitekeep_simulator.jira.fields import SYSTEM_FIELDS, field_names
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused

Act = Callable[[JiraObject, str], Body | None]
_PARAMETERS = ("description", "isRequired")


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of the fields of schemes."""
    fields = SchemeFields(jira)
    return [
        web.put(f"{PATH}/fields", fields.associate),
        web.delete(f"{PATH}/fields", fields.remove),
        web.put(f"{PATH}/fields/parameters", fields.change),
        web.delete(f"{PATH}/fields/parameters", fields.forget),
        web.get(f"{ONE}/fields", fields.all),
        web.get(f"{ONE}/fields/{{fieldId}}/parameters", fields.parameters),
    ]


class SchemeFields(OfNewerGeneration):
    """Handlers of the fields of schemes."""

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET config/fieldschemes/{id}/fields."""
        ids = query_list(request, "fieldId")
        said = associations(self.jira, self.found(request))
        beans = [_bean(field, each) for field, each in said.items() if not ids or field in ids]
        return json_answer(self.jira.site, page_of(self.jira, request, beans))

    async def parameters(self, request: web.Request) -> web.StreamResponse:
        """GET config/fieldschemes/{id}/fields/{fieldId}/parameters."""
        field = request.match_info["fieldId"]
        said = association(self.found(request), field)
        if said is None or field not in field_names(self.jira):
            raise Refused(400, f"The field {field} is not in the scheme.")
        bean = _bean(field, said)
        own = [
            {"isRequired": False, **each, "workTypeId": int(each["workTypeId"])}
            for each in bean.get("workTypeParameters", ())
        ]
        found = {"fieldId": field, "parameters": bean["parameters"], "workTypeParameters": own}
        return json_answer(self.jira.site, found)

    async def associate(self, request: web.Request) -> web.StreamResponse:
        """PUT config/fieldschemes/fields: for the work types given, else for all of them."""
        self.check_generation()
        results: list[Result] = []
        for field, item in _items(await read_object(request)):
            types = [int(each) for each in list_in(item, "restrictedToWorkTypes")]
            for scheme in list_in(item, "schemeIds"):
                act = functools.partial(self._associate, types=types)
                results.append(self._tried(field, scheme, act) | {"workTypeIds": types})
        return self.answer(results)

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """DELETE config/fieldschemes/fields."""
        self.check_generation()
        items = (await read_object(request)).items()
        pairs = [(field, each) for field, item in items for each in list_in(item, "schemeIds")]
        return self.answer([self._tried(*pair, self._remove) for pair in pairs])

    async def change(self, request: web.Request) -> web.StreamResponse:
        """PUT config/fieldschemes/fields/parameters: what is not given stays."""
        self.check_generation()
        results: list[Result] = []
        for field, item in _items(await read_object(request)):
            parameters, own = object_in(item, "parameters"), list_in(item, "workTypeParameters")
            for scheme in list_in(item, "schemeIds"):
                if parameters:
                    act = functools.partial(self._change, parameters=parameters)
                    results.append(self._tried(field, scheme, act))
                for each in own:
                    act = functools.partial(self._change_type, parameters=each)
                    named = {"workTypeId": int(each["workTypeId"])}
                    results.append(self._tried(field, scheme, act) | named)
        return self.answer(results)

    async def forget(self, request: web.Request) -> web.StreamResponse:
        """DELETE config/fieldschemes/fields/parameters: what is said for single work types."""
        self.check_generation()
        results: list[Result] = []
        for field, item in _items(await read_object(request)):
            types = [int(each) for each in list_in(item, "workTypeIds")]
            names = [str(each) for each in list_in(item, "parameters")]
            act = functools.partial(self._forget, types=types, names=names)
            result = self._tried(field, item.get("schemeId"), act) | {"workTypeIds": types}
            if "error" in result:
                code = "FIELD_IS_NOT_ASSOCIATED"
                result["error"] = {"code": code, "message": result["error"]}
            results.append(result)
        failed = [each for each in results if not each["success"]]
        if failed and len(failed) == len(results):
            raise Refused(400, *(str(each["error"]["message"]) for each in failed))
        if failed:
            return json_answer(self.jira.site, {"results": results}, 207)
        return no_content()

    def _tried(self, field: str, wanted: object, act: Act) -> Result:
        """What became of one field in one scheme; what is refused leaves the others alone."""
        result: Result = {"fieldId": field, "schemeId": int(str(wanted))}
        try:
            if field not in field_names(self.jira):
                raise ValueError(f"Field {field} doesn't exist")
            scheme = self.scheme(wanted)
            put_association(self.jira, scheme, field, act(scheme, field))
        except ValueError as error:
            return result | {"success": False, "error": str(error)}
        return result | {"success": True}

    def _associate(self, scheme: JiraObject, field: str, types: Sequence[int]) -> Body:
        if types and not _is_removable(field):
            raise ValueError(f"The work types of the field {field} cannot be changed")
        for each in types:
            self._check_type(each)
        kept = association(scheme, field) or {}
        return kept | {"restrictedToWorkTypes": [str(each) for each in types]}

    def _remove(self, _: JiraObject, field: str) -> None:
        if not _is_removable(field):
            raise ValueError(f"The field {field} cannot be removed")

    def _change(self, scheme: JiraObject, field: str, parameters: Body) -> Body:
        kept = _said(scheme, field)
        _check_parameters(field, parameters)
        return kept | {"parameters": kept.get("parameters", {}) | _known(parameters)}

    def _change_type(self, scheme: JiraObject, field: str, parameters: Body) -> Body:
        kept = _said(scheme, field)
        _check_parameters(field, parameters)
        number = str(parameters["workTypeId"])
        self._check_type(number)
        own = {str(each["workTypeId"]): each for each in kept.get("workTypeParameters", ())}
        own[number] = own.get(number, {"workTypeId": number}) | _known(parameters)
        return kept | {"workTypeParameters": list(own.values())}

    def _forget(
        self, scheme: JiraObject, field: str, types: Sequence[int], names: Sequence[str]
    ) -> Body:
        kept = _said(scheme, field)
        left = [
            {name: value for name, value in each.items() if name not in names}
            if int(each["workTypeId"]) in types
            else each
            for each in kept.get("workTypeParameters", ())
        ]
        return kept | {"workTypeParameters": [each for each in left if len(each) > 1]}

    def _check_type(self, wanted: object) -> None:
        if self.jira.objects.get(ObjectKind.ISSUE_TYPE, str(wanted)) is None:
            raise ValueError(f"Work type {wanted} doesn't exist")


def _items(body: Body) -> Iterator[tuple[str, Body]]:
    for field in body:
        for item in list_in(body, field):
            yield field, item


def _is_removable(field: str) -> bool:
    return field in REMOVABLE or field not in SYSTEM_FIELDS


def _said(scheme: JiraObject, field: str) -> Body:
    found = association(scheme, field)
    if found is None:
        raise ValueError(f"The field '{field}' is not associated with the scheme '{scheme.id}'.")
    return found


def _known(parameters: Body) -> Body:
    return {each: parameters[each] for each in _PARAMETERS if parameters.get(each) is not None}


def _check_parameters(field: str, parameters: Body) -> None:
    wanted = parameters.get("isRequired")
    is_fixed = wanted is not None and not _is_removable(field)
    if is_fixed and wanted is not (field in ALWAYS_REQUIRED):
        raise ValueError(f"Whether the field {field} is required cannot be changed")
    if len(str(parameters.get("description") or "")) > LONGEST_TEXT:
        raise ValueError(f"The description of the field {field} is too long")


def _bean(field: str, said: Body) -> Body:
    allowed = ["REMOVE", "CHANGE_REQUIRED"] if _is_removable(field) else []
    required = {"isRequired": field in ALWAYS_REQUIRED}
    return {
        "fieldId": field,
        "allowedOperations": [*allowed, "CHANGE_DESCRIPTION"],
        "restrictedToWorkTypes": [],
        "workTypeParameters": [],
        **said,
        "parameters": required | said.get("parameters", {}),
    }
