"""The credentials of a product, sealed in the database."""

from __future__ import annotations

import json

from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.errors import PreconditionFailed, Violation
from sitekeep_shared.facts import AnyRow
from sitekeep_shared.rpc.names import resource
from sitekeep_shared.secrets import SecretBox


def seal_credentials(secrets: SecretBox, product_uid: str, email: str, api_token: str) -> bytes:
    """The credentials as the database stores them, bound to their product."""
    text = json.dumps({"email": email, "api_token": api_token})
    return secrets.seal(text.encode(), product_uid)


def open_credentials(secrets: SecretBox, row: AnyRow) -> Credentials:
    """The credentials of a product.

    Raises:
        PreconditionFailed: none are stored.
        SecretsError: the credentials key file is another one than they were sealed with.
    """
    if row.credentials is None:
        name = resource(row.organization, "products", row.id)
        raise PreconditionFailed(
            "UPSTREAM_CREDENTIALS_REFUSED",
            f"{name} has no credentials. Set its `credentials`."
            " They are an e-mail address and an API token.",
            {"product": name},
            [Violation("CREDENTIALS", name, "no credentials are stored")],
        )
    stored = json.loads(secrets.open(row.credentials, row.uid))
    return Credentials(stored["email"], stored["api_token"])
