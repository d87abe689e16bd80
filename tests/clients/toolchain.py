"""What builds the clients: packages in a cache outside the source tree, and the code generators."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

OLDEST_NODE = 20
INSTALL_SECONDS = 180.0
BUILD_SECONDS = 300.0


def cache_folder() -> Path:
    """``SITEKEEP_CLIENTS_CACHE``, or a folder among the caches of the user."""
    chosen = os.environ.get("SITEKEEP_CLIENTS_CACHE")
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(chosen) if chosen else Path(caches) / "sitekeep-clients"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.absolute()


def need(tool: str, hint: str) -> str:
    """The path of a program; skips the test, with the hint, where it is not installed."""
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is not installed: {hint}")
    return found


def need_node() -> str:
    """The path of a Node that is new enough; skips the test where there is none."""
    node = need("node", f"needs Node {OLDEST_NODE} with npm")
    version = re.match(r"v(\d+)", run([node, "--version"]))
    if version is None or int(version[1]) < OLDEST_NODE:
        pytest.skip(f"needs Node {OLDEST_NODE} or newer")
    return node


def run(
    command: list[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    seconds: float = BUILD_SECONDS,
) -> str:
    """What a program writes; fails the test, with all of it, where the program fails."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True,
        timeout=seconds, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command} exited {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def project_with_packages(project: Path, folder: Path) -> Path:
    """A copy of a project of npm in the folder, with the packages that it locks.

    Skips the test where npm is not there or cannot install them.
    """
    copy = folder / project.name
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (copy / "node_modules").symlink_to(_packages(project))
    return copy


def _packages(project: Path) -> Path:
    lock = (project / "package-lock.json").read_bytes()
    kept = cache_folder() / f"{project.name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not kept.exists():
        _install(project, kept)
    return kept / "node_modules"


def _install(project: Path, kept: Path) -> None:
    npm = need("npm", f"needs Node {OLDEST_NODE} with npm")
    # Moved to its place when it is whole: an install that was broken off leaves nothing behind.
    with tempfile.TemporaryDirectory(dir=kept.parent) as temporary:
        folder = Path(temporary) / "packages"
        folder.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(project / name, folder / name)
        _npm_install([npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-audit"], folder)
        folder.rename(kept)


def _npm_install(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            [*command, "--no-fund", "--fetch-retries=1", "--fetch-timeout=30000"],
            cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install the packages within {INSTALL_SECONDS} s")
    if done.returncode != 0:
        told = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
        pytest.skip(f"npm does not install the packages here: {'; '.join(told[:3])}")


def generate(includes: list[str], outputs: list[str], contracts: list[str]) -> None:
    """Runs protoc with the generators that the outputs name."""
    run_python("-m", "grpc_tools.protoc", *includes, *outputs, *contracts)


def run_python(*arguments: str) -> None:
    """Runs the interpreter of the tests."""
    run([sys.executable, *arguments])
