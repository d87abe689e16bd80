from __future__ import annotations

from pathlib import Path

import pytest

from bench.vault import bench_vault_peers
from bench.vault.site_tree import SiteTree


def test_the_tree_is_the_same_each_time_and_changes_by_a_little(tmp_path: Path) -> None:
    digests: list[str] = []
    for name in ("one", "two"):
        tree = SiteTree(tmp_path / name, 0.002)
        tree.write()
        digests.append(bench_vault_peers.digest_of(tree.folder))
        before = {file: file.read_bytes() for file in tree.folder.rglob("*") if file.is_file()}
        tree.change()
        digests.append(bench_vault_peers.digest_of(tree.folder))
        changed = [file for file, content in before.items() if file.read_bytes() != content]
        assert len(changed) == 2
    assert digests[:2] == digests[2:]
    assert digests[0] != digests[1]


def test_a_small_run_prints_every_measure_and_restores_what_was_backed_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    results = bench_vault_peers.run(0.002, 1, "no-restic-here", "no-borg-here")
    assert "no-restic-here is not installed" in capsys.readouterr().err
    printed = bench_vault_peers.table(results)
    for measure in ("CPU s", "wall s", "peak MB", "stored MB", "objects"):
        assert measure in printed
    ours = results["sitekeep"]
    assert all(ours.costs[step].cpu_seconds > 0 for step in bench_vault_peers.STEPS)
    growth = ours.stored_bytes["unchanged"] - ours.stored_bytes["second"]
    assert 0 < growth < ours.stored_bytes["first"] / 20
