"""The line of progress has room for few of the kinds of a site."""

from __future__ import annotations

from sitekeep.backup.v1 import backup_pb2
from sitekeep.type.v1 import content_pb2
from sitekeep_cli.progress import MOST_KINDS, Progress


def count(kind: str, done: int, expected: int, missing: int = 0) -> content_pb2.EntityCount:
    number = content_pb2.EntityKind.Value(f"ENTITY_KIND_{kind}")
    return content_pb2.EntityCount(
        kind=number, done_count=done, expected_count=expected, missing_count=missing
    )


def kinds(*counts: content_pb2.EntityCount) -> str:
    return Progress(backup_pb2.CreateBackupMetadata(counts=counts)).kinds()


def test_few_kinds_are_shown_in_the_order_of_the_server() -> None:
    shown = kinds(count("USER", 3, 3), count("ISSUE", 120, 300), count("BOARD", 0, 0))
    assert shown == "user 3/3 · issue 120/300"


def test_of_many_kinds_those_under_way_and_the_largest_are_shown() -> None:
    whole = [
        count(name, size, size)
        for size, name in enumerate(("USER", "GROUP", "STATUS", "PRIORITY", "FIELD", "BOARD"), 1)
    ]
    shown = kinds(*whole, count("EPIC", 0, 1), count("VOTE", 1, 2, missing=1)).split(" · ")
    assert len(shown) == MOST_KINDS + 1
    assert shown[-1] == "2 kinds more"
    assert "epic 0/1" in shown
    assert "user 1/1" not in shown
