"""Pulls all issues through dlt's own REST source, as it is configured for a search with tokens.

Only its extraction, without loading: comments are those that are embedded in the issues.
"""

from __future__ import annotations

import importlib
from typing import Any

from bench.peers.measuring import EMAIL, PAGE, TOKEN, Haul, measure


def pull(base: str) -> Haul:
    """Every page of every project."""
    rest_api: Any = importlib.import_module("dlt.sources.rest_api")
    requests: Any = importlib.import_module("dlt.sources.helpers.requests")
    listed = requests.get(f"{base}/rest/api/3/project", auth=(EMAIL, TOKEN)).json()
    haul = Haul()
    source = rest_api.rest_api_source(configuration(base, [each["key"] for each in listed]))
    for resource in source.resources.values():
        for issue in resource:
            haul.issues.add(issue["key"])
            haul.comments.update(each["id"] for each in issue["fields"]["comment"]["comments"])
    return haul


def configuration(base: str, keys: list[str]) -> Any:
    """A resource for each project."""
    return {
        "client": {
            "base_url": f"{base}/rest/api/3/",
            "auth": {"type": "http_basic", "username": EMAIL, "password": TOKEN},
            "paginator": {
                "type": "cursor",
                "cursor_path": "nextPageToken",
                "cursor_param": "nextPageToken",
            },
        },
        "resources": [
            {
                "name": f"issues_{key.lower()}",
                "endpoint": {
                    "path": "search/jql",
                    "data_selector": "issues",
                    "params": {
                        "jql": f"project = {key} ORDER BY id",
                        "fields": "*all",
                        "maxResults": PAGE,
                    },
                },
            }
            for key in keys
        ],
    }


if __name__ == "__main__":
    measure(pull)
