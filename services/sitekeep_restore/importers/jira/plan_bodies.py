"""Plans, as requests to the destination have them: every id becomes the destination's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit

SOURCES: Mapping[str, str] = {
    "Board": identity_kinds.BOARD,
    "Filter": identity_kinds.FILTER,
    "Project": identity_kinds.PROJECT,
}
"""The types of issue sources that REST can name (Jira REST v3, CreateIssueSourceRequest)."""

_EXCLUDED: Mapping[str, str] = {
    "issueIds": identity_kinds.ISSUE,
    "issueTypeIds": identity_kinds.ISSUE_TYPE,
    "releaseIds": identity_kinds.VERSION,
    "workStatusIds": identity_kinds.STATUS,
}
_SAME_EVERYWHERE = ("numberOfDaysToShowCompletedIssues", "workStatusCategoryIds")
_CHOICES = ("estimation", "dependencies", "inferredDates")
_DATES = ("startDate", "endDate")
_BY_FIELD = "DateCustomField"
_FIELD = "customfield_"
_NAME_LENGTH = 255
_HOLDERS = {"Group": identity_kinds.GROUP, "AccountId": identity_kinds.USER}


@dataclass
class PlanBody:
    """Makes the body of one plan; ``lost`` counts what of it is not at the destination."""

    unit: ImportUnit
    source: Json
    lost: int = 0

    @property
    def name(self) -> str:
        """Its name; a plan without one has its number."""
        return str(self.source.get("name") or f"Plan {self.source['id']}")[:_NAME_LENGTH]

    async def whole(self) -> Json:
        """The body of a create with all that can be named."""
        return {
            **await self.least(),
            "scheduling": await self._scheduling(),
            "exclusionRules": await self._exclusions(),
            "customFields": await self._fields(),
            "crossProjectReleases": await self._releases(),
            "permissions": await self._permissions(),
            **await self._lead(),
        }

    async def least(self) -> Json:
        """The body of a create with no more than it needs."""
        found = [await self._source(each) for each in self.source.get("issueSources") or ()]
        scheduling: Json = self.source["scheduling"]
        return {
            "name": self.name,
            "issueSources": [each for each in found if each is not None],
            "scheduling": {"estimation": scheduling["estimation"]},
        }

    async def accounts(self, wanted: Sequence[str]) -> list[str]:
        """Those of some accounts that are at the destination, as it knows them."""
        return await self._targets(identity_kinds.USER, wanted)

    async def _targets(self, realm: str, wanted: Sequence[object]) -> list[str]:
        ids = [str(each) for each in wanted]
        pairs = await self.unit.identities.get(realm, ids)
        self.lost += sum(each not in pairs for each in ids)
        return [pairs[each] for each in ids if each in pairs]

    async def _numbers(self, realm: str, wanted: Sequence[object]) -> list[int]:
        return [int(each) for each in await self._targets(realm, wanted)]

    async def _source(self, source: Json) -> Json | None:
        kind = str(source.get("type"))
        if kind not in SOURCES:
            self.lost += 1
            return None
        found = await self._numbers(SOURCES[kind], [source["value"]])
        return {"type": kind, "value": found[0]} if found else None

    async def _scheduling(self) -> Json:
        scheduling: Json = self.source["scheduling"]
        kept = {name: scheduling[name] for name in _CHOICES if scheduling.get(name)}
        for name in _DATES:
            date = await self._date(scheduling.get(name) or {})
            kept |= {name: date} if date else {}
        return kept

    async def _date(self, date: Json) -> Json:
        if date.get("type") != _BY_FIELD:
            return date
        found = await self._field_numbers([date.get("dateCustomFieldId")])
        return {"type": _BY_FIELD, "dateCustomFieldId": found[0]} if found else {}

    async def _field_numbers(self, wanted: Sequence[object]) -> list[int]:
        names = [f"{_FIELD}{each}" for each in wanted]
        found = await self._targets(identity_kinds.FIELD, names)
        return [int(each.removeprefix(_FIELD)) for each in found]

    async def _exclusions(self) -> Json:
        rules: Json = self.source.get("exclusionRules") or {}
        kept = {name: rules[name] for name in _SAME_EVERYWHERE if rules.get(name) is not None}
        for name, realm in _EXCLUDED.items():
            if rules.get(name):
                kept[name] = await self._numbers(realm, rules[name])
        return kept

    async def _fields(self) -> list[Json]:
        return [
            {"customFieldId": number, "filter": bool(each.get("filter"))}
            for each in self.source.get("customFields") or ()
            for number in await self._field_numbers([each["customFieldId"]])
        ]

    async def _releases(self) -> list[Json]:
        return [
            {
                "name": each["name"],
                "releaseIds": await self._numbers(
                    identity_kinds.VERSION, each.get("releaseIds") or ()
                ),
            }
            for each in self.source.get("crossProjectReleases") or ()
        ]

    async def _permissions(self) -> list[Json]:
        return [
            {"type": each["type"], "holder": {"type": each["holder"]["type"], "value": value}}
            for each in self.source.get("permissions") or ()
            for value in await self._targets(
                _HOLDERS[str(each["holder"]["type"])], [each["holder"]["value"]]
            )
        ]

    async def _lead(self) -> Json:
        lead = self.source.get("leadAccountId")
        found = await self.accounts([str(lead)]) if lead else []
        return {"leadAccountId": found[0]} if found else {}
