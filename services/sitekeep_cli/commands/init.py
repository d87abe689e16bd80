"""Makes the database and the first API key."""

from __future__ import annotations

from typing import Annotated

import typer

from sitekeep_cli import local_api_keys
from sitekeep_cli.local_api_keys import ExpiresInDays
from sitekeep_cli.output import Output
from sitekeep_cli.settings import Home, settings_of


def command(
    account: Annotated[
        str, typer.Option("--account", help="The id of the account that it stands for.")
    ] = "owner",
    name: Annotated[str, typer.Option("--name", help="What people call the key.")] = "First key",
    expires_in_days: ExpiresInDays = None,
    home: Home = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Answer in JSON, with nothing around it.")
    ] = False,
) -> None:
    """Make the database and the first API key, where the servers run; prints the key alone.

    The servers may run already or not. As in: export SITEKEEP_API_KEY=$(sitekeep init)
    """
    from sitekeep_shared.first_key import KeyRequest

    request = KeyRequest(
        local_api_keys.account_id(account),
        name,
        expires_in=local_api_keys.lifetime(expires_in_days),
    )
    settings = settings_of(home)
    issued = local_api_keys.issue(settings, request, only_first=True)
    local_api_keys.show(Output(as_json), issued, settings)
