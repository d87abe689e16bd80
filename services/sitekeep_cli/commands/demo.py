"""The demonstration."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Annotated

import typer

from sitekeep_cli.access import Access
from sitekeep_cli.call import Call
from sitekeep_cli.demo import summary
from sitekeep_cli.demo.stage import Size, Stage
from sitekeep_cli.demo.story import Story
from sitekeep_cli.errors import CommandError, UsageError
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_cli.output import Output
from sitekeep_cli.verbs import with_call


def _demo(
    call: Call,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="A folder with real Jira content for the source site."),
    ] = None,
    issues: Annotated[int, typer.Option("--issues", min=1, help="Generated issues.")] = 300,
    pages: Annotated[int, typer.Option("--pages", min=1, help="Generated pages.")] = 120,
    seed: Annotated[int, typer.Option("--seed", help="What the content is made from.")] = 1,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="An empty folder to work in; else a new one.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the folder there.")] = False,
) -> None:
    size = Size(issues, pages, seed, real_data(call.output, data))
    since = time.monotonic()
    with working_folder(folder, keep=keep) as place, Stage(place, size) as stage:
        own = Call(
            call.output,
            "acme",
            stage.address("backup"),
            stage.address("restore"),
            own_access=Access(stage.api_key),
        )
        with contextlib.closing(own):
            story = tell(own, stage)
    seconds = time.monotonic() - since
    if call.output.as_json:
        call.output.document(summary.as_json(story.outcomes, story.broken, seconds))
    else:
        summary.show(call.output, story.outcomes, seconds)
    if keep or folder is not None:
        call.output.say(f"Everything is still in {place}.")
    if story.broken:
        raise CommandError("Not all held: " + "; ".join(story.broken) + ".", ExitCode.FAILED)


def tell(call: Call, stage: Stage) -> Story:
    """Runs the acts against the stage, and checks what they came to."""
    from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN

    story = Story(call, stage, ADMIN_EMAIL, ADMIN_TOKEN)
    story.run()
    same, total = summary.files_kept(story.outcomes)
    story.expect(same == total, f"{total - same} files are not what they were")
    return story


def real_data(output: Output, data: Path | None) -> Path | None:
    """The folder with real data; None, and a line that says so, where it is not there."""
    if data is not None and not data.is_dir():
        output.say(f"{data} is not there: real data is skipped, the content is generated.")
        return None
    return data


@contextlib.contextmanager
def working_folder(folder: Path | None, *, keep: bool) -> Generator[Path, None, None]:
    """The folder to work in; one that was not asked for is removed at the end unless kept.

    Raises:
        UsageError: the folder that was asked for holds something already.
    """
    if folder is None and not keep:
        with tempfile.TemporaryDirectory(prefix="sitekeep-demo-") as name:
            yield Path(name)
        return
    folder = folder or Path(tempfile.mkdtemp(prefix="sitekeep-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty: the demonstration starts from nothing.")
    yield folder.absolute()


command = with_call(_demo)
