"""Runs simulated Atlassian sites."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import importlib
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitekeep_cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from sitekeep_simulator.site import SimulatedSite

HALVES = ("jira", "confluence")


class Content(enum.StrEnum):
    """What a site holds at first."""

    EMPTY = "empty"
    GENERATED = "generated"
    DATA = "data"


@dataclass(frozen=True)
class Wish:
    """One site that is asked for."""

    name: str
    port: int
    content: Content = Content.EMPTY


@dataclass(frozen=True)
class Amount:
    """How much a filled site gets."""

    seed: int
    issues: int
    pages: int
    data: Path | None


def wish_of(text: str) -> Wish:
    """Reads ``NAME:PORT[:empty|generated|data]``.

    Raises:
        UsageError: it is written otherwise.
    """
    name, _, rest = text.partition(":")
    port, _, content = rest.partition(":")
    if not name or not port.isdigit() or content not in ("", *Content):
        raise UsageError(f"--site {text}: it has to be NAME:PORT[:empty|generated|data].")
    return Wish(name, int(port), Content(content or Content.EMPTY))


def command(
    site: Annotated[
        list[str],
        typer.Option("--site", help="NAME:PORT[:empty|generated|data]; may be repeated."),
    ],
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Where the sites are kept; else in memory."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="What the content is made from.")] = 1,
    issues: Annotated[int, typer.Option("--issues", min=0, help="Generated issues.")] = 300,
    pages: Annotated[int, typer.Option("--pages", min=0, help="Generated pages.")] = 120,
    data: Annotated[
        Path | None, typer.Option("--data", help="The folder for sites of real data.")
    ] = None,
) -> None:
    """Run simulated Atlassian sites until interrupted."""
    wishes = [wish_of(one) for one in site]
    if data is None and any(wish.content is Content.DATA for wish in wishes):
        raise UsageError("A site of real data needs --data FOLDER.")
    asyncio.run(_serve(wishes, folder, Amount(seed, issues, pages, data)))


async def _serve(wishes: list[Wish], folder: Path | None, amount: Amount) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for wish in wishes:
            await _start(stack, wish, folder, amount)
        _say_credentials()
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await stop.wait()


async def _start(
    stack: contextlib.AsyncExitStack, wish: Wish, folder: Path | None, amount: Amount
) -> None:
    from sitekeep_simulator.server import start_site
    from sitekeep_simulator.site import SimulatedSite

    fresh = folder is None or not (folder / wish.name).exists()
    if folder is None:
        site = SimulatedSite(wish.name)
    else:
        site = SimulatedSite.in_folder(wish.name, folder / wish.name)
    stack.callback(site.close)
    if fresh:
        await asyncio.to_thread(fill, site, wish.content, amount)
    try:
        running = await start_site(site, port=wish.port)
    except OSError as error:
        raise CommandError(f"Port {wish.port} cannot be listened on: {error}.") from error
    stack.push_async_callback(running.close)
    _say(f"{wish.name}: {running.base_url} ({wish.content})")


def fill(site: SimulatedSite, content: Content, amount: Amount) -> None:
    """Gives a new site its first content; an empty one is as a new site is."""
    for half in HALVES:
        package = importlib.import_module(f"sitekeep_simulator.{half}")
        package.install(site)
        match content:
            case Content.GENERATED:
                _generate(half, site, amount)
            case Content.DATA:
                _part_of(half, "data_loader").load_data(site, amount.data)
            case Content.EMPTY:
                pass


def _generate(half: str, site: SimulatedSite, amount: Amount) -> None:
    generator = _part_of(half, "generator")
    if half == "jira":
        generator.generate(site, seed=amount.seed, issues=amount.issues)
    else:
        generator.generate(site, seed=amount.seed, pages=amount.pages)


def _part_of(half: str, name: str) -> Any:
    return importlib.import_module(f"sitekeep_simulator.{half}.{name}")


def _say_credentials() -> None:
    from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN

    _say(f"Sign in as {ADMIN_EMAIL} with the token {ADMIN_TOKEN}. Stop with Ctrl-C.")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
