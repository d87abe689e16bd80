from __future__ import annotations

import json
import logging

from sitekeep_shared.rpc.logs import JsonFormatter


def test_what_is_passed_along_never_takes_the_place_of_what_every_line_has() -> None:
    record = logging.makeLogRecord(
        {"levelname": "WARNING", "msg": "damaged", "level": "DATA", "backup": "b1"}
    )
    line = json.loads(JsonFormatter().format(record))
    assert line["level"] == "WARNING"
    assert line["backup"] == "b1"
    assert list(line)[:2] == ["time", "level"]
