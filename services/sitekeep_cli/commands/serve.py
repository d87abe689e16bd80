"""Runs the servers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitekeep_cli import trouble
from sitekeep_cli.errors import CommandError, UsageError
from sitekeep_cli.exit_codes import ExitCode, explained
from sitekeep_cli.settings import Home, environment_with, settings_of
from sitekeep_cli.supervision import Supervisor, child_command
from sitekeep_cli.verbs import group

if TYPE_CHECKING:
    from sitekeep_shared.config import Settings

application = group("Run the servers. Every SITEKEEP_… setting of the environment holds.")

Profile = Annotated[
    str,
    typer.Option("--profile", envvar="SITEKEEP_PROFILE", help="The rules that hold."),
]
Listen = Annotated[str, typer.Option("--listen", help="HOST:PORT, instead of the setting.")]


@application.command(epilog=explained())
def backup(home: Home = "", profile: Profile = "", listen: Listen = "") -> None:
    """Run the Backup server."""
    from sitekeep_backup import server

    settings = settings_of(home, profile, SITEKEEP_BACKUP_LISTEN=listen)
    _say(f"The Backup server is to listen on {settings.backup_listen}, {_places(settings)}.")
    _run(server.serve, settings)


@application.command(epilog=explained())
def restore(home: Home = "", profile: Profile = "", listen: Listen = "") -> None:
    """Run the Restore server."""
    from sitekeep_restore import server

    settings = settings_of(home, profile, SITEKEEP_RESTORE_LISTEN=listen)
    _say(f"The Restore server is to listen on {settings.restore_listen}, {_places(settings)}.")
    _run(server.serve, settings)


@application.command("all", epilog=explained())
def all_(home: Home = "", profile: Profile = "") -> None:
    """Run both servers; if one ends, so does the other."""
    # A setting that cannot be used is said once, here.
    _require_trust(settings_of(home, profile))
    environment = environment_with(home, profile)
    supervisor = Supervisor()
    for name in ("backup", "restore"):
        supervisor.start(name, child_command("serve", name), environment)
    ended = supervisor.wait()
    if ended is not None:
        raise CommandError(
            f"The {ended.name} server ended by itself (exit code {ended.exit_code}).",
            ExitCode.FAILED,
        )


def _require_trust(settings: Settings) -> None:
    """Refuses a Restore server that could not call the Backup server.

    Raises:
        UsageError: both are to speak TLS, and something that the call needs is not set.
    """
    server, client = settings.server_tls, settings.client_tls
    if server is None:
        return
    if client is None:
        raise UsageError(
            "The Restore server calls the Backup server, which is to speak TLS: set "
            "SITEKEEP_TLS_CA to the certificate of the authority that signed its certificate."
        )
    if server.client_authority is not None and client.certificate is None:
        raise UsageError(
            "The Restore server calls the Backup server, which is to ask for a certificate: set "
            "SITEKEEP_TLS_CLIENT_CERTIFICATE and SITEKEEP_TLS_CLIENT_KEY."
        )


def _run(serve: Callable[[Settings], Coroutine[Any, Any, None]], settings: Settings) -> None:
    """Serves until told to stop.

    Raises:
        CommandError: the address is taken, or the database or a file of TLS cannot be used.
    """
    from sitekeep_shared.rpc import logs
    from sitekeep_shared.rpc.server import ListenError
    from sitekeep_shared.rpc.tls import TlsError
    from sitekeep_shared.secrets import SecretsError
    from sitekeep_shared.vault.errors import VaultError

    logs.configure(settings.log_level)
    try:
        with trouble.of_data():
            asyncio.run(serve(settings))
    except (ListenError, TlsError, VaultError, SecretsError) as error:
        raise CommandError(str(error)) from error


def _places(settings: Settings) -> str:
    return f"data in {settings.home}, the vault in {settings.vault_location}"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
