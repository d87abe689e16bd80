"""Shows progress: a bar that stays in place on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.text import Text

from sitekeep_cli.progress import Progress, metadata_of

if TYPE_CHECKING:
    from google.longrunning.operations_pb2 import Operation
    from rich.console import Console

LINE_EVERY_SECONDS = 10.0
"""Without a terminal: the pause between lines of one phase."""


class Display(Protocol):
    """Something that shows an operation while it goes on."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def show(self, operation: Operation) -> None:
        """Takes the operation as it stands."""
        ...

    def remark(self, text: str) -> None:
        """Says something beside the progress."""
        ...


class _Watched:
    """Measures from the first event on: what was done before says nothing about the speed."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._first: Progress | None = None
        self._percent = 0

    def progress(self, operation: Operation) -> Progress | None:
        metadata = metadata_of(operation)
        if metadata is None:
            return None
        now = Progress(metadata, time.monotonic() - self._since)
        self._first = self._first or now
        # Units that turn up later would make the bar go back.
        self._percent = now.least_percent = max(self._percent, now.percent)
        now.first_bytes = self._first.size_bytes
        now.first_percent = self._first.percent
        return now


class Silent:
    """Shows nothing: the caller wants the result only."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None

    def show(self, operation: Operation) -> None:
        """Shows nothing."""

    def remark(self, text: str) -> None:
        """Says nothing."""


class Lines(Silent):
    """A line for each phase, and one now and then within it."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._watched = _Watched()
        self._phase = ""
        self._last = 0.0

    def show(self, operation: Operation) -> None:
        """Prints a line where the phase is new or the last line is long ago."""
        progress = self._watched.progress(operation)
        if progress is None:
            return
        now = time.monotonic()
        new_phase = progress.phase != self._phase
        if new_phase or now - self._last >= LINE_EVERY_SECONDS or operation.done:
            self._phase, self._last = progress.phase, now
            self._print(progress)

    def _print(self, progress: Progress) -> None:
        text = f"{self._title}: {progress.percent} % {progress.phase} · {progress.speed()}"
        kinds = progress.kinds()
        self.remark(" · ".join(part for part in (text, kinds, progress.trouble) if part))

    def remark(self, text: str) -> None:
        """Prints a line."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Panel(Silent):
    """A bar, the counts per kind and the speed, redrawn in place."""

    def __init__(self, console: Console, title: str) -> None:
        self._watched = _Watched()
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._task = self._bar.add_task(title, total=100)
        self._title = title
        self._live = Live(self._bar, console=console, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, operation: Operation) -> None:
        """Redraws."""
        progress = self._watched.progress(operation)
        if progress is None:
            return
        percent = 100 if operation.done and not operation.HasField("error") else progress.percent
        self._bar.update(
            self._task, completed=percent, description=f"{self._title}: {progress.phase}"
        )
        self._live.update(Group(self._bar, _details(progress)))

    def remark(self, text: str) -> None:
        """Prints above the bar."""
        self._live.console.print(text, markup=False, highlight=False)


def _details(progress: Progress) -> Text:
    text = Text(f"  {progress.speed()}\n", style="dim")
    text.append(f"  {progress.kinds()}")
    if progress.trouble:
        text.append(f"\n  {progress.trouble}", style="yellow")
    if progress.missing():
        text.append(f"\n  {progress.missing()} missing so far", style="yellow")
    return text


def display_for(console: Console, title: str, *, silent: bool) -> Display:
    """What suits the console: nothing, a bar or lines."""
    if silent:
        return Silent()
    return Panel(console, title) if console.is_terminal else Lines(console, title)
