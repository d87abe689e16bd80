"""Pulls all issues through dlt's verified source for Jira: ``dlt_verified.py URL FOLDER``.

The folder is ``sources`` of dlt-hub/verified-sources, or one where ``dlt init jira`` was called.
Only its extraction, without loading. It knows addresses of atlassian.net alone: its requests are
sent to the simulated site instead.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from bench.peers.measuring import EMAIL, TOKEN, Haul, measure

_SUBDOMAIN = "bench"


def pull(base: str) -> Haul:
    """What its resource of issues yields."""
    sys.path.insert(0, sys.argv[2])
    module: Any = importlib.import_module("jira")
    redirect(module, base)
    source = module.jira(subdomain=_SUBDOMAIN, email=EMAIL, api_token=TOKEN)
    haul = Haul()
    for issue in source.resources["issues"]:
        haul.issues.add(issue["key"])
        haul.comments.update(each["id"] for each in issue["fields"]["comment"]["comments"])
    return haul


def redirect(module: Any, base: str) -> None:
    """Sends what goes to the cloud to the simulated site."""
    requests = module.requests
    original = requests.get

    def get(url: str, **options: Any) -> Any:
        return original(url.replace(f"https://{_SUBDOMAIN}.atlassian.net", base), **options)

    requests.get = get


if __name__ == "__main__":
    measure(pull)
