"""What the demonstration does on a site itself, as an admin would: over its REST API."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

from sitekeep_cli.errors import CommandError

GONE_SECONDS = 30.0
"""How long the site may take to delete a space."""


class DestinationSite:
    """The Confluence site that is restored into."""

    def __init__(self, url: str, email: str, token: str) -> None:
        self._url = url
        login = base64.b64encode(f"{email}:{token}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}", "Accept": "application/json"}

    def personal_spaces(self) -> list[str]:
        """The keys of the personal spaces."""
        answer = self._call("GET", "/wiki/api/v2/spaces?type=personal&limit=250")
        return [str(space["key"]) for space in answer["results"]]

    def delete_space(self, key: str) -> None:
        """Deletes a space and waits until it is gone.

        Raises:
            CommandError: the site refuses, or takes too long.
        """
        self._call("DELETE", f"/wiki/rest/api/space/{urllib.parse.quote(key, safe='')}")
        for _ in _attempts():
            if key not in self.personal_spaces():
                return
        raise CommandError(f"The space {key} is still there.")

    def _call(self, method: str, path: str) -> Any:
        request = urllib.request.Request(self._url + path, method=method, headers=self._headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                body = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            raise CommandError(f"{method} {path}: {error.code} {text}") from error
        return json.loads(body) if body else None


def _attempts() -> Iterator[None]:
    deadline = time.monotonic() + GONE_SECONDS
    while time.monotonic() < deadline:
        yield
        time.sleep(0.1)
