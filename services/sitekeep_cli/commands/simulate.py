"""Runs simulated Atlassian sites."""

from __future__ import annotations

import asyncio
import enum
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitekeep_cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from sitekeep_simulator.main import SiteSpecification


class Content(enum.StrEnum):
    """What a site holds at first."""

    EMPTY = "empty"
    GENERATED = "generated"
    DATA = "data"


@dataclass(frozen=True)
class Amount:
    """How much a filled site gets."""

    seed: int
    issues: int
    pages: int
    data: Path | None


def specification_of(text: str, folder: Path | None, amount: Amount) -> SiteSpecification:
    """Reads ``NAME:PORT[:empty|generated|data]``.

    Raises:
        UsageError: it is written otherwise, or real data is asked for and no folder given.
    """
    from sitekeep_simulator.main import Empty, Generated, RealData, SiteSpecification

    name, _, rest = text.partition(":")
    port, _, content = rest.partition(":")
    if not name or not port.isdigit() or content not in ("", *Content):
        raise UsageError(f"--site {text}: it has to be NAME:PORT[:empty|generated|data].")
    held: Empty | Generated | RealData = Empty()
    if content == Content.GENERATED:
        held = Generated(amount.seed, amount.issues, amount.pages)
    elif content == Content.DATA:
        if amount.data is None:
            raise UsageError("A site of real data needs --data FOLDER.")
        held = RealData(amount.data)
    return SiteSpecification(name, int(port), folder / name if folder else None, held)


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
    amount = Amount(seed, issues, pages, data)
    specifications = [specification_of(one, folder, amount) for one in site]
    try:
        asyncio.run(_serve(specifications))
    except OSError as error:
        raise CommandError(f"The sites cannot be served: {error}.") from error


async def _serve(specifications: Sequence[SiteSpecification]) -> None:
    from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN
    from sitekeep_simulator.main import run

    async with run(specifications) as running:
        for one in running:
            _say(f"{one.site.name}: {one.base_url}")
        _say(f"Sign in as {ADMIN_EMAIL} with the token {ADMIN_TOKEN}. Stop with Ctrl-C.")
        await _told_to_stop()


async def _told_to_stop() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
