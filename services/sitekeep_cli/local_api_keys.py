"""API keys in the database of the servers itself, for whoever may open it."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from sitekeep_cli import trouble
from sitekeep_cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from sitekeep.backup.v1 import api_key_pb2 as pb
    from sitekeep_cli.output import Output
    from sitekeep_shared.config import Settings
    from sitekeep_shared.first_key import IssuedKey, KeyRequest

T = TypeVar("T")

_MOST_DAYS = 36_500
_LONGEST_ACCOUNT = 128

ExpiresInDays = Annotated[
    int | None,
    typer.Option(
        "--expires-in-days", min=1, max=_MOST_DAYS, help="When it ends by itself; else never."
    ),
]


def lifetime(days: int | None) -> datetime.timedelta | None:
    """How long a key is to hold; None: until it is revoked."""
    return None if days is None else datetime.timedelta(days=days)


def account_id(text: str) -> str:
    """An account id, as it was typed.

    Raises:
        UsageError: it is empty, or no line of text.
    """
    account = text.strip()
    if not account or not account.isprintable() or len(account) > _LONGEST_ACCOUNT:
        raise UsageError(f"--account {text!r}: an account id has 1 to {_LONGEST_ACCOUNT} letters.")
    return account


def issue(settings: Settings, request: KeyRequest, *, only_first: bool) -> IssuedKey:
    """Makes a key in the database of the settings.

    Raises:
        CommandError: there is one already where it is to be the first, its id is taken, or
            the database cannot be used.
    """
    from sitekeep_shared import first_key

    make = first_key.issue_first if only_first else first_key.issue
    return _run(make(settings.database_url, request))


def listed(settings: Settings, account: str) -> pb.ListApiKeysResponse:
    """The keys of an account, from the database of the settings.

    Raises:
        CommandError: the database cannot be used.
    """
    from sitekeep.backup.v1 import api_key_pb2
    from sitekeep_shared import first_key
    from sitekeep_shared.rpc import messages

    rows = _run(first_key.keys_of(settings.database_url, account_id(account)))
    return api_key_pb2.ListApiKeysResponse(api_keys=[messages.api_key(row) for row in rows])


def revoked(settings: Settings, account: str, identifier: str) -> pb.RevokeApiKeyResponse:
    """Revokes a key of an account in the database of the settings.

    Raises:
        CommandError: the account has no such key, or the database cannot be used.
    """
    from sitekeep.backup.v1 import api_key_pb2
    from sitekeep_shared import first_key
    from sitekeep_shared.rpc import messages

    row = _run(first_key.revoke(settings.database_url, account_id(account), identifier))
    return api_key_pb2.RevokeApiKeyResponse(api_key=messages.api_key(row))


def _run(work: Coroutine[Any, Any, T]) -> T:
    from sitekeep_cli import failures
    from sitekeep_shared.errors import SitekeepError
    from sitekeep_shared.rpc.status import to_status

    try:
        with trouble.of_data():
            return asyncio.run(work)
    except SitekeepError as error:
        # The same exit code as where a server refuses.
        raise CommandError(error.message, failures.of_status(to_status(error)).exit_code) from error


def show(output: Output, issued: IssuedKey, settings: Settings) -> None:
    """Prints the key alone to standard output, and beside it what it is and how it is used."""
    from sqlalchemy import make_url

    if output.as_json:
        output.document(
            {
                "name": issued.name,
                "accountId": issued.account_id,
                "keyString": issued.key_string,
                "adoptedOrganizations": [
                    f"organizations/{identifier}" for identifier in issued.adopted_organizations
                ],
            }
        )
        return
    # A key of another database than the servers' opens nothing.
    place = make_url(settings.database_url).render_as_string(hide_password=True)
    output.say(f"{issued.name} is an API key of the account {issued.account_id} in {place}.")
    if issued.adopted_organizations:
        found = ", ".join(issued.adopted_organizations)
        output.say(f"The account is now admin of what had none: {found}.")
    show_key(output, issued.key_string)


def show_key(output: Output, key_string: str) -> None:
    """Prints a key alone to standard output, and beside it how it is used."""
    output.say(
        "It is shown this once: keep it in a safe place. The command takes it from\n"
        "SITEKEEP_API_KEY, or from the file that SITEKEEP_API_KEY_FILE names."
    )
    output.plain(key_string)
