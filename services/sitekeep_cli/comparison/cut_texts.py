"""Descriptions that are longer than a site takes: cut there, the whole in a file beside them."""

from __future__ import annotations

from sitekeep_cli.comparison.model import Json, Side
from sitekeep_cli.comparison.shape import part
from sitekeep_cli.comparison.shelf import Shelf
from sitekeep_shared.content.adf import children_of, document, is_too_long, walk
from sitekeep_shared.coverage import EXTRA
from sitekeep_shared.kinds import Kind

WHY = "longer than the site takes: it is cut there, and the whole is attached to the issue"

_DESCRIPTION = "description"
_FILE = "/description.adf.json"


def explained(shelf: Shelf, kind: Kind, name: str, path: str) -> bool:
    """Whether a difference is that of a cut description, or the file that holds the whole."""
    if kind is Kind.ATTACHMENT and path == EXTRA and name.endswith(_FILE):
        return _is_cut(shelf, name.removesuffix(_FILE))
    of_description = kind is Kind.ISSUE and path.partition(".")[0] == _DESCRIPTION
    return of_description and _is_cut(shelf, name) and _is_whole_beside(shelf, name)


def _is_cut(shelf: Shelf, issue: str) -> bool:
    """Whether the source's text is too long and the destination's is its start and a remark."""
    before, after = (_blocks(shelf, side, issue) for side in (Side.LEFT, Side.RIGHT))
    kept = after[:-1]
    if not kept or not is_too_long(document(*before)):
        return False
    return kept == before[: len(kept)] or _text(before).startswith(_text(kept))


def _is_whole_beside(shelf: Shelf, issue: str) -> bool:
    return shelf.value(Side.RIGHT, Kind.ATTACHMENT, issue + _FILE) is not None


def _blocks(shelf: Shelf, side: Side, issue: str) -> list[Json]:
    found = shelf.value(side, Kind.ISSUE, issue)
    return children_of(part(found, _DESCRIPTION)) if found else []


def _text(blocks: list[Json]) -> str:
    return "".join(str(node.get("text", "")) for node in walk(document(*blocks)))
