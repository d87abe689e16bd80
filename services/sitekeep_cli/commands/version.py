"""The version."""

from __future__ import annotations

import importlib.metadata
import platform

from sitekeep_cli.call import Call
from sitekeep_cli.verbs import with_call


def _version(call: Call) -> None:
    version = importlib.metadata.version("sitekeep")
    if call.output.as_json:
        call.output.document({"version": version, "python": platform.python_version()})
    else:
        call.output.console.print(f"sitekeep {version}", highlight=False)


command = with_call(_version)
