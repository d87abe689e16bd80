"""A description that the site cut is declared only with its start kept and the whole beside it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from sitekeep_cli.comparison.model import Difference, Mode
from sitekeep_shared.kinds import Kind
from support.cli_backups import Records, changed, compared, document, jira, paragraph

SITES = ("https://left.example", "https://left.example")
LONG = [paragraph(f"{number} " + "word " * 2000) for number in range(5)]
"""About 50,000 characters, of which a site takes 32,767."""
REMARK = paragraph("The rest is elsewhere.")


def described(*blocks: dict[str, Any], whole: bool = False) -> Records:
    def change(records: Records) -> None:
        records[Kind.ISSUE][0]["payload"]["fields"]["description"] = document(*blocks)
        if whole:
            file = copy.deepcopy(records[Kind.ATTACHMENT][0])
            file["key"] = "1/900"
            file["attributes"] |= {"id": "900", "filename": "description.adf.json"}
            records[Kind.ATTACHMENT].append(file)

    return changed(jira(), change)


def undeclared(source: Sequence[dict[str, Any]], restored: Records) -> list[Difference]:
    found, _ = compared(described(*source), restored, jira=True, mode=Mode.RESTORED, sites=SITES)
    about = [one for one in found if one.kind in (Kind.ISSUE, Kind.ATTACHMENT)]
    return [
        one
        for one in about
        if not one.declared and (one.path.startswith("description") or "adf.json" in one.item)
    ]


def test_a_cut_description_with_the_whole_beside_it_is_declared() -> None:
    assert undeclared(LONG, described(*LONG[:2], REMARK, whole=True)) == []


def test_a_description_whose_only_block_is_cut_is_declared() -> None:
    (only,) = [paragraph("word " * 10_000)]
    assert undeclared([only], described(paragraph("word " * 100), REMARK, whole=True)) == []


def test_a_cut_description_without_the_whole_is_a_difference() -> None:
    assert undeclared(LONG, described(*LONG[:2], REMARK))


def test_a_long_description_that_became_another_is_a_difference() -> None:
    other = paragraph("Something else")
    assert undeclared(LONG, described(LONG[0], other, REMARK, whole=True))


def test_a_short_description_that_was_cut_is_a_difference() -> None:
    assert undeclared(LONG[:2], described(LONG[0], REMARK, whole=True))


def test_a_long_description_that_is_gone_is_a_difference() -> None:
    assert undeclared(LONG, described(whole=True))


def test_a_long_description_of_which_only_a_remark_is_there_is_a_difference() -> None:
    assert undeclared(LONG, described(REMARK, whole=True))
