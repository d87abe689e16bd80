"""Generated Assets: schemas, trees of types, objects that refer to each other, issues to them."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.assets.attributes import add_attribute
from sitekeep_simulator.assets.objects import add_object
from sitekeep_simulator.assets.schemas import add_schema
from sitekeep_simulator.assets.state import (
    TYPE_GROUP,
    TYPE_REFERENCE,
    TYPE_STATUS,
    TYPE_USER,
    Assets,
)
from sitekeep_simulator.assets.types import add_type
from sitekeep_simulator.jira.fields import ASSETS_TYPE, add_product_field
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.objects import JiraObject, ObjectKind
from sitekeep_simulator.jira.state import Jira

_SCHEMAS = (("HW", "Hardware & „Geräte“"), ("ORG", "組織 <people>"), ("LEER", "Nothing yet"))
_STATUSES = (("In use", 1), ("Ausgemustert", 0), ("待機", 2))
_OBJECTS = 6
Values = dict[str, list[str]]


def make_assets(jira: Jira, chance: random.Random, setting: Setting) -> None:
    """Everything; every draw comes from a source of chance of its own."""
    maker = _Maker(jira, random.Random(f"assets/{chance.random()}"), setting)
    maker.make_all()


class _Maker:
    def __init__(self, jira: Jira, chance: random.Random, setting: Setting) -> None:
        self._assets = Assets(jira)
        self._jira = jira
        self._chance = chance
        self._setting = setting
        self._people: list[Account] = [each for each in setting.people if each.active]

    def make_all(self) -> None:
        """Three schemas, one of them empty; some issues name objects."""
        hardware, organization, _ = (
            add_schema(self._assets, name, key, f"About {key} —\nzweite Zeile")
            for key, name in _SCHEMAS
        )
        statuses = [self._status(hardware, *each) for each in _STATUSES]
        offices = self._offices(organization)
        objects = self._devices(hardware, statuses, offices)
        self._issues(objects)

    def _status(self, schema: JiraObject, name: str, category: int) -> JiraObject:
        body = {"description": f"Is {name}", "category": category}
        kind = ObjectKind.ASSET_STATUS
        return self._jira.objects.add(kind, name, body, project_id=schema.id)

    def _offices(self, schema: JiraObject) -> list[JiraObject]:
        kind = add_type(self._assets, schema, "Büro", icon=5)
        floor = add_attribute(self._assets, kind, "Floors", _plain(1, maximumCardinality=1))
        name, floors = self._label(kind), str(floor.id)
        return [
            self._object(kind, {name: [f"Office {each} „{each}“"], floors: [str(each)]})
            for each in range(3)
        ]

    def _devices(
        self, schema: JiraObject, statuses: list[JiraObject], offices: list[JiraObject]
    ) -> list[JiraObject]:
        device = add_type(self._assets, schema, "Device", inherited=True, abstract=True, icon=2)
        place = self._reference(device, "Standort", offices[0].project_id, minimumCardinality=1)
        owner = add_attribute(
            self._assets, device, "Owner", {"type": TYPE_USER, "maximumCardinality": -1}
        )
        state = add_attribute(self._assets, device, "State", {"type": TYPE_STATUS})
        laptop = add_type(self._assets, schema, "Laptop <neu>", parent=device.id, icon=2)
        server = add_type(self._assets, schema, "サーバー", parent=device.id, icon=3)
        memory = add_attribute(self._assets, laptop, "Memory", _plain(1, suffix="GB"))
        colour = _plain(10, options="Silber,Space grey,Größe")
        colour_of = add_attribute(self._assets, laptop, "Colour", colour)
        team = add_attribute(self._assets, server, "Team", {"type": TYPE_GROUP})
        uses = self._reference(laptop, "Uses", server.id, maximumCardinality=-1)
        made: list[JiraObject] = []
        for number in range(_OBJECTS):
            values: Values = {
                str(place.id): [str(self._chance.choice(offices).id)],
                str(owner.id): [self._chance.choice(self._people).account_id],
                str(state.id): [str(self._chance.choice(statuses).id)],
            }
            if number % 2:
                values |= {
                    self._label(server): [f"srv-{number // 4}"],
                    str(team.id): ["developers"],
                }
                made.append(self._object(server, values))
            else:
                values |= {self._label(laptop): [f"Gerät {number} & Co"], str(memory.id): ["16"]}
                values |= {str(colour_of.id): ["Größe"]}
                values |= {
                    str(uses.id): [str(each.id) for each in made if each.project_id == server.id]
                }
                made.append(self._object(laptop, values))
        return made

    def _reference(self, kind: JiraObject, name: str, target: int, **more: Any) -> JiraObject:
        reference = self._assets.all(ObjectKind.ASSET_REFERENCE_TYPE)[1]
        body = {"type": TYPE_REFERENCE, "typeValue": str(target)}
        body |= {"additionalValue": str(reference.id), **more}
        return add_attribute(self._assets, kind, name, body)

    def _label(self, kind: JiraObject) -> str:
        found = self._jira.objects.named(ObjectKind.ASSET_ATTRIBUTE, "Name", kind.id)
        return "" if found is None else str(found.id)

    def _object(self, kind: JiraObject, values: Values) -> JiraObject:
        return add_object(self._assets, kind, values, self._chance.choice(self._people))

    def _issues(self, objects: list[JiraObject]) -> None:
        field = f"customfield_{add_product_field(self._jira, 'Geräte', ASSETS_TYPE).id}"
        for row in self._jira.store.rows("SELECT id, fields FROM jira_issue ORDER BY id LIMIT 4"):
            fields = msgspec.json.decode(row["fields"])
            chosen = self._chance.sample(objects, 2)
            fields[field] = [each.id for each in chosen]
            self._jira.store.execute(
                "UPDATE jira_issue SET fields = ? WHERE id = ?",
                (msgspec.json.encode(fields).decode(), row["id"]),
            )


def _plain(default: int, **more: Any) -> dict[str, Any]:
    return {"type": 0, "defaultTypeId": default, **more}
