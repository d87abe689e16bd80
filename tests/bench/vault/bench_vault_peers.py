"""The vault beside restic and borg: the same tree, the same steps, in one run.

``python tests/bench/vault/bench_vault_peers.py --scale 0.1 --rounds 2``. Each command runs in a
process of its own; CPU seconds count its children too. Of several rounds the cheapest counts: other
work on the machine only ever adds. An engine that is not installed is left out and named.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.vault.engines import Borg, Engine, Restic, Sitekeep
from bench.vault.measured import Cost, measure

MEGABYTE = 1e6
STEPS = ("first", "second", "unchanged", "verify", "restore", "expire")


@dataclass
class Result:
    """What one engine took for each step, and how large its repository was after it."""

    costs: dict[str, Cost] = field(default_factory=dict[str, Cost])
    stored_bytes: dict[str, int] = field(default_factory=dict[str, int])
    objects: dict[str, int] = field(default_factory=dict[str, int])


class Round:
    """All engines through all steps, over one tree."""

    def __init__(self, folder: Path, scale: float, engines: Sequence[Engine]) -> None:
        self._folder = folder
        self._tree = folder / "tree"
        self._tree.mkdir()
        self._scale = scale
        self._engines = engines
        self.results: dict[str, Result] = {engine.name: Result() for engine in engines}

    def run(self) -> None:
        """Each step of one engine after the other, so that all find the same machine."""
        self._write_tree("write")
        for engine in self._engines:
            self._measure(engine, "", engine.create())
        self._each("first", lambda engine: engine.backup("b1", read_all=False))
        self._write_tree("change")
        self._each("second", lambda engine: engine.backup("b2", read_all=False))
        self._each("unchanged", lambda engine: engine.backup("b3", read_all=True))
        self._each("verify", lambda engine: engine.verify("b3"))
        expected = digest_of(self._tree)
        for engine in self._engines:
            self._restore(engine, expected)
        self._each("expire", lambda engine: engine.expire("b1"))

    def _write_tree(self, action: str) -> None:
        script = Path(__file__).with_name("site_tree.py")
        command = [sys.executable, str(script), str(self._tree), str(self._scale), action]
        subprocess.run(command, check=True)

    def _each(self, step: str, commands: Callable[[Engine], Sequence[Sequence[str]]]) -> None:
        for engine in self._engines:
            self._measure(engine, step, commands(engine))

    def _restore(self, engine: Engine, expected: str) -> None:
        target = self._folder / "restored"
        target.mkdir()
        self._measure(engine, "restore", engine.restore("b3", target))
        if digest_of(target) != expected:
            raise SystemExit(f"{engine.name} restored something else than was backed up")
        shutil.rmtree(target)

    def _measure(self, engine: Engine, step: str, commands: Sequence[Sequence[str]]) -> None:
        log = self._folder / f"{engine.name}.log"
        costs = [measure(command, log, engine.environment, self._tree) for command in commands]
        files = [file for file in engine.repository.rglob("*") if file.is_file()]
        result = self.results[engine.name]
        result.costs[step] = _together(costs)
        result.stored_bytes[step] = sum(file.stat().st_size for file in files)
        result.objects[step] = len(files)


def _together(costs: Sequence[Cost]) -> Cost:
    return Cost(
        sum(cost.cpu_seconds for cost in costs),
        sum(cost.wall_seconds for cost in costs),
        max(cost.peak_memory_bytes for cost in costs),
    )


def digest_of(folder: Path) -> str:
    """Over the names and the contents of all files below a folder."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            with file.open("rb") as content_file:
                content = hashlib.file_digest(content_file, "sha256").hexdigest()
            digest.update(f"{file.relative_to(folder)} {content}\n".encode())
    return digest.hexdigest()


def best_of(rounds: Sequence[Mapping[str, Result]]) -> dict[str, Result]:
    """Of each step the least CPU time, the least wall time and the least memory."""
    best: dict[str, Result] = {}
    for name, last in rounds[-1].items():
        best[name] = Result(dict(last.costs), last.stored_bytes, last.objects)
        for step in last.costs:
            costs = [one[name].costs[step] for one in rounds]
            best[name].costs[step] = Cost(
                min(cost.cpu_seconds for cost in costs),
                min(cost.wall_seconds for cost in costs),
                min(cost.peak_memory_bytes for cost in costs),
            )
    return best


def table(results: Mapping[str, Result]) -> str:
    """A block per measure; ``ratio`` is the best of the others over the first: above 1 is ahead."""
    measures: dict[str, Callable[[Result, str], float]] = {
        "CPU s": lambda result, step: result.costs[step].cpu_seconds,
        "wall s": lambda result, step: result.costs[step].wall_seconds,
        "peak MB": lambda result, step: result.costs[step].peak_memory_bytes / MEGABYTE,
        "stored MB": lambda result, step: result.stored_bytes[step] / MEGABYTE,
        "objects": lambda result, step: result.objects[step],
    }
    lines: list[str] = []
    for label, value in measures.items():
        lines.append(_row(label, STEPS))
        rows = [[value(result, step) for step in STEPS] for result in results.values()]
        lines += [
            _row(name, [f"{number:.2f}" for number in row])
            for name, row in zip(results, rows, strict=True)
        ]
        if len(rows) > 1:
            ratios = [min(others) / own for own, *others in zip(*rows, strict=True)]
            lines.append(_row("ratio", [f"{ratio:.2f}" for ratio in ratios]))
        lines.append("")
    return "\n".join(lines)


def _row(label: str, cells: Sequence[str]) -> str:
    return f"{label:16}" + "".join(f"{cell:>11}" for cell in cells)


def engines_in(folder: Path, restic: str, borg: str) -> list[Engine]:
    """Those that are installed; the others are named."""
    engines: list[Engine] = [Sitekeep(folder)]
    for program, engine in ((restic, Restic), (borg, Borg)):
        path = shutil.which(program)
        if path is None:
            print(f"{program} is not installed and is left out", file=sys.stderr)
        else:
            engines.append(engine(folder, path, _version(path)))
    return engines


def _version(program: str) -> str:
    """``restic 0.19.1``, as the programs themselves say it."""
    argument = "version" if Path(program).name == "restic" else "--version"
    said = subprocess.run([program, argument], capture_output=True, text=True, check=True).stdout
    found = re.match(r"\S+ \d[\w.]*", said)
    return found.group() if found else Path(program).name


def run(scale: float, rounds: int, restic: str, borg: str) -> dict[str, Result]:
    """Runs the rounds, each with new repositories in a folder of its own; the best of them."""
    measured: list[dict[str, Result]] = []
    for number in range(rounds):
        with tempfile.TemporaryDirectory(prefix="sitekeep-bench") as name:
            folder = Path(name)
            one = Round(folder, scale, engines_in(folder, restic, borg))
            one.run()
            measured.append(one.results)
        print(f"round {number + 1} of {rounds} done", file=sys.stderr, flush=True)
    return best_of(measured)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 20,000 issues and 500 MB")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--restic", default="restic", help="name or path of the program")
    parser.add_argument("--borg", default="borg", help="name or path of the program")
    arguments = parser.parse_args()
    print(table(run(arguments.scale, arguments.rounds, arguments.restic, arguments.borg)))


if __name__ == "__main__":
    main()
