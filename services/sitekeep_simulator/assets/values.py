"""The values of objects: what an attribute takes, and how it is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sitekeep_simulator.assets.schemas import status_bean
from sitekeep_simulator.assets.state import (
    DEFAULT_TYPES,
    TYPE_GROUP,
    TYPE_REFERENCE,
    TYPE_STATUS,
    TYPE_USER,
    Assets,
)
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind

_PATTERNS: Mapping[str, str] = {
    "Integer": r"-?\d+",
    "Double": r"-?\d+(\.\d+)?",
    "Boolean": r"true|false",
    "Date": r"\d{4}-\d\d-\d\d",
    "Url": r"https?://\S+",
    "Email": r"\S+@\S+",
    "IP Address": r"[0-9a-fA-F.:]+",
}


def check_value(assets: Assets, attribute: JiraObject, values: list[str]) -> str:
    """What is wrong with the values of an attribute; empty: nothing."""
    body = attribute.body
    if not body["editable"]:
        return "The attribute cannot be changed."
    most = int(body["maximumCardinality"])
    if most >= 0 and len(values) > most:
        return f"At most {most} values are taken."
    known = _KNOWN.get(body["type"], _is_text)
    wrong = [each for each in values if not known(assets, attribute, each)]
    if wrong:
        return f"{wrong[0]!r} is not valid."
    if not body.get("uniqueAttribute"):
        return ""
    others = [o.body["values"] for o in assets.all(ObjectKind.ASSET_OBJECT, attribute.project_id)]
    taken = {value for each in others for value in each.get(str(attribute.id), ())}
    return "The value is in use." if taken & set(values) else ""


def _is_text(_: Assets, attribute: JiraObject, value: str) -> bool:
    name = DEFAULT_TYPES[int(attribute.body["defaultTypeId"])]
    if name == "Select":
        return value in str(attribute.body.get("options") or "").split(",")
    return bool(value) and re.fullmatch(_PATTERNS.get(name, ".*"), value, re.DOTALL) is not None


def _is_object(assets: Assets, attribute: JiraObject, value: str) -> bool:
    found = assets.jira.objects.get(ObjectKind.ASSET_OBJECT, value)
    if found is None:
        return False
    kinds = [found.project_id]
    kind = assets.one(ObjectKind.ASSET_TYPE, found.project_id)
    while attribute.body.get("includeChildObjectTypes") and kind.body["parent"] is not None:
        kind = assets.one(ObjectKind.ASSET_TYPE, kind.body["parent"])
        kinds.append(kind.id)
    return int(attribute.body["typeValue"]) in kinds


def _is_person(assets: Assets, _: JiraObject, value: str) -> bool:
    return assets.jira.accounts.get(value) is not None


def _is_group(assets: Assets, _: JiraObject, value: str) -> bool:
    return assets.jira.accounts.group(name=value) is not None


def _is_status(assets: Assets, _: JiraObject, value: str) -> bool:
    return assets.jira.objects.get(ObjectKind.ASSET_STATUS, value) is not None


_KNOWN: Mapping[int, Callable[[Assets, JiraObject, str], bool]] = {
    TYPE_REFERENCE: _is_object,
    TYPE_USER: _is_person,
    TYPE_GROUP: _is_group,
    TYPE_STATUS: _is_status,
}


def value_bean(assets: Assets, attribute: JiraObject, value: str) -> Body:
    """A value, as an object shows it."""
    kind = attribute.body["type"]
    plain: Body = {"value": value, "displayValue": value, "searchValue": value}
    if kind == TYPE_REFERENCE:
        found = assets.one(ObjectKind.ASSET_OBJECT, value)
        kind_of = assets.one(ObjectKind.ASSET_TYPE, found.project_id)
        schema = assets.one(ObjectKind.ASSET_SCHEMA, kind_of.project_id)
        key = f"{schema.body['key']}-{value}"
        brief = {**assets.identity(found), "label": found.name, "objectKey": key}
        shown = {"displayValue": found.name, "searchValue": key, "referencedType": True}
        return {**shown, "referencedObject": brief}
    if kind == TYPE_USER:
        account = assets.jira.accounts.get(value)
        name = "" if account is None else account.display_name
        user = {"key": value, "name": name, "displayName": name}
        return {"displayValue": name, "searchValue": value, "user": user}
    if kind == TYPE_GROUP:
        return {"displayValue": value, "searchValue": value, "group": {"name": value}}
    if kind == TYPE_STATUS:
        status = status_bean(assets, assets.one(ObjectKind.ASSET_STATUS, value))
        return {"displayValue": status["name"], "searchValue": value, "status": status}
    return plain
