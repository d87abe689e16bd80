"""The entry of the ``sitekeep`` command: which groups of verbs there are, and how errors end it."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import typer

from sitekeep_cli.errors import CommandError
from sitekeep_cli.exit_codes import ExitCode, explained

GROUPS = {
    "api-key": "API keys: what the command and other programs call with.",
    "admin": "Who may act for an organization.",
    "organization": "Organizations and whether they are enrolled.",
    "product": "Products (apps): the Jira and Confluence sites of an organization.",
    "policy": "Backup policies, one for each product.",
    "backup": "Backups: all spaces (projects), work items (issues), pages, files and users.",
    "restore": "Restores into an empty product, and the check before one.",
    "operation": "Backups and restores while they run: watch, wait, cancel.",
    "lock": "The locks that keep a product to one operation at a time.",
    "content": "What a backup holds: list, read, save files.",
    "vault": "The vault itself, where its storage and its key are.",
    "key": "The key of the vault: recovery sheet, passphrases, recipients, rotation.",
    "serve": "Run the servers.",
}
COMMANDS = {
    "init": "Make the database and the first API key, where the servers run.",
    "compare": "Compare two backups, item by item and field by field.",
    "coverage": "Show what is backed up, what comes back, and what is lost and why.",
    "simulate": "Run simulated Atlassian sites.",
    "demo": "Show it all: back up, restore and compare simulated sites.",
    "version": "Say which version this is.",
}
_TERMS = (
    "Atlassian renamed things: an app is a product here, a space of Jira is a project, "
    "a work item is an issue."
)


def application(words: Sequence[str]) -> typer.Typer:
    """The command with the one group loaded that the words name: start-up stays quick."""
    root = typer.Typer(
        name="sitekeep",
        help="Backs up and restores Jira and Confluence Cloud sites.\n\n" + _TERMS,
        epilog=explained(),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    chosen = next((word for word in words if not word.startswith("-")), "")
    for name, help_text in GROUPS.items():
        root.add_typer(_group(name, loaded=name == chosen), name=name, help=help_text)
    for name, help_text in COMMANDS.items():
        _add_command(root, name, help_text, loaded=name == chosen)
    return root


def _group(name: str, *, loaded: bool) -> typer.Typer:
    if loaded:
        module = importlib.import_module(f"sitekeep_cli.commands.{name.replace('-', '_')}")
        found: typer.Typer = module.application
        return found
    placeholder = typer.Typer()
    placeholder.command()(_not_loaded)
    placeholder.callback()(_not_loaded)
    return placeholder


def _add_command(root: typer.Typer, name: str, help_text: str, *, loaded: bool) -> None:
    function = _not_loaded
    if loaded:
        module = importlib.import_module(f"sitekeep_cli.commands.{name}")
        function = module.command
    root.command(name, help=help_text, epilog=explained())(function)


def _not_loaded() -> None:
    """Stands in for the verbs of a group that the command line does not name."""


def run(words: Sequence[str]) -> ExitCode:
    """Runs the command and answers how it ended; expected errors are printed, not raised."""
    try:
        application(words)(args=list(words), prog_name="sitekeep")
    except SystemExit as ending:
        return ExitCode(ending.code if isinstance(ending.code, int) else ExitCode.OK)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return ExitCode.INTERRUPTED
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except Exception as error:
        return _refused_by_server(error, as_json="--json" in words)
    return ExitCode.OK


def _refused_by_server(error: Exception, *, as_json: bool) -> ExitCode:
    """Prints what a server answered; any other error is a defect and raised again."""
    import grpc

    if not isinstance(error, grpc.RpcError):
        raise error
    from sitekeep_cli import failures
    from sitekeep_cli.output import json_form
    from sitekeep_shared.clock import SystemClock

    failure = failures.of_call(error)
    if as_json:
        import json

        sys.stderr.write(json.dumps(json_form(failure.status), ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(failures.paragraph(failure, SystemClock()) + "\n")
    return failure.exit_code


def main() -> None:
    """Runs the command with the arguments of the process."""
    # What the library of gRPC notes about connections and ports, the command says in words.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
