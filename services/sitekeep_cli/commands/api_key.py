"""API keys: what the command and other programs call with."""

from __future__ import annotations

import datetime
from typing import Annotated

import typer

from sitekeep.backup.v1 import api_key_pb2 as pb
from sitekeep_cli import local_api_keys, paging, wording
from sitekeep_cli.call import Call
from sitekeep_cli.errors import UsageError
from sitekeep_cli.local_api_keys import ExpiresInDays
from sitekeep_cli.names import short
from sitekeep_cli.settings import settings_of
from sitekeep_cli.verbs import group, verb
from sitekeep_shared.clock import SystemClock

application = group("API keys of your account; where the servers run, of any account.")

Identifier = Annotated[str, typer.Argument(help="The id of the key, or its full name.")]
Account = Annotated[
    str,
    typer.Option(
        "--account",
        help="Of this account, in the database itself: for whoever may open it. "
        "Else of your own account, over gRPC.",
    ),
]


@verb(application)
def create(
    call: Call,
    name: Annotated[str, typer.Option("--name", help="Who or what uses it.")],
    identifier: Annotated[str, typer.Argument(help="The id that the key gets.")] = "",
    account: Account = "",
    expires_in_days: ExpiresInDays = None,
) -> None:
    """Create a key and print it alone, this once; all else goes to standard error."""
    if account:
        _create_locally(call, name, identifier, account, expires_in_days)
        return
    wanted = pb.ApiKey(display_name=name)
    lifetime = local_api_keys.lifetime(expires_in_days)
    if lifetime is not None:
        wanted.expire_time.FromDatetime(SystemClock().now() + lifetime)
    request = pb.CreateApiKeyRequest(api_key_id=identifier, api_key=wanted)
    created = call.keys.CreateApiKey(request)
    if call.output.as_json:
        call.output.message(created)
        return
    call.output.say(f"{created.name} is an API key of your account {created.account_id}.")
    local_api_keys.show_key(call.output, created.key_string)


def _create_locally(
    call: Call, name: str, identifier: str, account: str, expires_in_days: int | None
) -> None:
    from sitekeep_shared.first_key import KeyRequest

    request = KeyRequest(
        local_api_keys.account_id(account),
        name,
        identifier,
        local_api_keys.lifetime(expires_in_days),
    )
    settings = settings_of()
    issued = local_api_keys.issue(settings, request, only_first=False)
    local_api_keys.show(call.output, issued, settings)


@verb(application, "list")
def list_(call: Call, account: Account = "") -> None:
    """List keys, revoked and expired ones too."""
    if account:
        found = local_api_keys.listed(settings_of(), account)
    else:
        found = paging.whole(call.keys.ListApiKeys, pb.ListApiKeysRequest())
    if call.output.as_json:
        call.output.message(found)
        return
    call.output.table(
        ("ID", "NAME", "STATE", "CREATED", "EXPIRES"),
        [
            (
                short(one.name),
                one.display_name,
                _state(one),
                wording.time(one.create_time),
                wording.time(one.expire_time),
            )
            for one in found.api_keys
        ],
    )


@verb(application)
def show(call: Call, identifier: Identifier) -> None:
    """Show a key of your account; the key itself is kept nowhere."""
    _show(call, call.keys.GetApiKey(pb.GetApiKeyRequest(name=_name(identifier))))


@verb(application)
def revoke(call: Call, identifier: Identifier, account: Account = "") -> None:
    """Revoke a key for good; no call with it succeeds again."""
    name = _name(identifier)
    if account:
        answer = local_api_keys.revoked(settings_of(), account, short(name))
    else:
        answer = call.keys.RevokeApiKey(pb.RevokeApiKeyRequest(name=name))
    if call.output.as_json:
        call.output.message(answer)
    else:
        call.output.say(f"{answer.api_key.name} is revoked.")


def _name(identifier: str) -> str:
    short_id = identifier.removeprefix("apiKeys/")
    if not short_id or "/" in short_id:
        raise UsageError(f"{identifier!r} is neither an id nor a name in apiKeys.")
    return f"apiKeys/{short_id}"


def _state(key: pb.ApiKey) -> str:
    if key.HasField("revoke_time"):
        return "revoked"
    if not key.HasField("expire_time"):
        return "valid"
    over = key.expire_time.ToDatetime(datetime.UTC) <= SystemClock().now()
    return "expired" if over else "valid"


def _show(call: Call, key: pb.ApiKey) -> None:
    if call.output.as_json:
        call.output.message(key)
        return
    call.output.facts(
        [
            ("key", short(key.name)),
            ("name", key.display_name),
            ("account", key.account_id),
            ("state", _state(key)),
            ("created", wording.time(key.create_time)),
            ("expires", wording.time(key.expire_time)),
            ("revoked", wording.time(key.revoke_time)),
        ]
    )
