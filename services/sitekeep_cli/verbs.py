"""How a function becomes a verb of the command: the options that every verb has, in one place."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from sitekeep_cli.call import BACKUP_ADDRESS, RESTORE_ADDRESS, Call
from sitekeep_cli.output import Output

_PANEL = "Options of every verb"

_COMMON: dict[str, tuple[Any, Any]] = {
    "organization": (
        Annotated[
            str,
            typer.Option(
                envvar="SITEKEEP_ORGANIZATION",
                rich_help_panel=_PANEL,
                help="The organization; not needed where there is only one.",
            ),
        ],
        "",
    ),
    "backup_address": (
        Annotated[
            str,
            typer.Option(
                envvar="SITEKEEP_BACKUP_ADDRESS",
                rich_help_panel=_PANEL,
                help="Where the Backup server listens.",
            ),
        ],
        BACKUP_ADDRESS,
    ),
    "restore_address": (
        Annotated[
            str,
            typer.Option(
                envvar="SITEKEEP_RESTORE_ADDRESS",
                rich_help_panel=_PANEL,
                help="Where the Restore server listens.",
            ),
        ],
        RESTORE_ADDRESS,
    ),
    "api_key_file": (
        Annotated[
            Path | None,
            typer.Option(
                "--api-key-file",
                rich_help_panel=_PANEL,
                help="The file that holds the API key; else SITEKEEP_API_KEY, else the file that "
                "SITEKEEP_API_KEY_FILE names. The key itself is no argument: others on the "
                "machine can read those.",
            ),
        ],
        None,
    ),
    "as_json": (
        Annotated[
            bool,
            typer.Option(
                "--json", rich_help_panel=_PANEL, help="Answer in JSON, with nothing around it."
            ),
        ],
        False,
    ),
}

Verb = Callable[..., None]


def group(help_text: str) -> typer.Typer:
    """A group of verbs; without a verb it shows its help."""
    return typer.Typer(help=help_text, no_args_is_help=True)


def verb(application: typer.Typer, name: str | None = None) -> Callable[[Verb], Verb]:
    """Makes a function a verb; its first parameter is the :class:`Call`."""

    def decorate(function: Verb) -> Verb:
        application.command(name)(with_call(function))
        return function

    return decorate


def with_call(function: Verb) -> Verb:
    """The function with the options of every verb in the place of its first parameter."""
    signature = inspect.signature(function, eval_str=True)
    own = list(signature.parameters.values())[1:]

    @functools.wraps(function)
    def run(**arguments: Any) -> None:
        common = {name: arguments.pop(name) for name in _COMMON}
        call = Call(
            Output(common["as_json"]),
            common["organization"],
            common["backup_address"],
            common["restore_address"],
            common["api_key_file"],
        )
        try:
            function(call, **arguments)
        finally:
            call.close()

    # Typer reads the parameters from here; the wrapped function has one that nobody types.
    del run.__wrapped__
    parameters = [_keyword(parameter) for parameter in own] + [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in _COMMON.items()
    ]
    run.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=parameters, return_annotation=None
    )
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _keyword(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
