"""Articles of the knowledge base that a desk is linked to: pages of Confluence, by their links."""

from __future__ import annotations

from functools import partial

import msgspec

from sitekeep_backup.exporters.jira.raw import attribute_of
from sitekeep_backup.exporters.service_management.desk_lists import export_desk_list, plan_list
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.kinds import Kind

EVERYTHING = "*"
"""The list insists on a text to look for."""

of = partial(plan_list, "articles")
"""The unit of a desk's articles."""


class _Source(msgspec.Struct, rename="camel"):
    page_id: str | int = ""


class _Article(msgspec.Struct):
    source: _Source = msgspec.field(default_factory=_Source)


def _name_of(item: msgspec.Raw) -> str:
    page = msgspec.json.decode(item, type=_Article).source.page_id
    return str(page) or attribute_of(item, "title")


async def export_articles(unit: ExportUnit) -> None:
    """One page of the articles of a desk."""
    query = [("query", EVERYTHING)]
    kind = Kind.KNOWLEDGE_BASE_ARTICLE
    await export_desk_list(unit, kind, "knowledgebase/article", query, _name_of)
