"""What proves to the site who asks."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account's e-mail address and its API token.

    Source: Atlassian, "Basic auth for REST APIs": ``Authorization: Basic base64(email:token)``.
    """

    email: str
    api_token: str = field(repr=False)

    def authorization(self) -> str:
        """The value of the ``Authorization`` header; a secret."""
        pair = f"{self.email}:{self.api_token}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")
