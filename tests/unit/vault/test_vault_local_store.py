from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sitekeep_shared.vault import local_store
from sitekeep_shared.vault.errors import ObjectMissing, StoreUnavailable
from sitekeep_shared.vault.local_store import (
    LEFT_OVER_SECONDS,
    TEMPORARY_FOLDER,
    DurableLocalStore,
)


@pytest.fixture
def store(tmp_path: Path) -> DurableLocalStore:
    return DurableLocalStore(tmp_path / "vault")


async def test_an_object_is_written_read_listed_and_removed(store: DurableLocalStore) -> None:
    assert await store.put_new("packs/aa/one", [b"hello ", b"", b"world"])
    assert await store.get("packs/aa/one") == b"hello world"
    assert await store.get_range("packs/aa/one", 6, 3) == b"wor"
    assert await store.get_range("packs/aa/one", 6, 99) == b"world"
    info = await store.head("packs/aa/one")
    assert info is not None
    assert (info.key, info.size_bytes) == ("packs/aa/one", 11)
    assert info.last_modified.tzinfo is not None
    await store.delete("packs/aa/one")
    await store.delete("packs/aa/one")
    assert await store.head("packs/aa/one") is None


async def test_a_key_is_never_overwritten(store: DurableLocalStore) -> None:
    assert await store.put_new("FORMAT", [b"first"])
    assert not await store.put_new("FORMAT", [b"second"])
    assert await store.get("FORMAT") == b"first"


async def test_a_listing_holds_what_is_below_its_prefix(store: DurableLocalStore) -> None:
    for key in ("packs/bb/2", "packs/aa/1", "packs/aa/0", "packs10/x", "index/1"):
        await store.put_new(key, [key.encode()])
    listed = [item.key async for item in store.list("packs/")]
    assert listed == ["packs/aa/0", "packs/aa/1", "packs/bb/2"]
    assert [item.key async for item in store.list("nothing/")] == []
    with pytest.raises(ValueError, match="slash"):
        _ = [item async for item in store.list("packs")]


async def test_what_is_not_there_is_missing(store: DurableLocalStore) -> None:
    for read in (store.get("a/b"), store.get_range("a/b", 0, 1)):
        with pytest.raises(ObjectMissing, match="a/b"):
            await read


@pytest.mark.parametrize("key", ["", "/a", "a/", "../a", "a/../b", "a/.b", ".temporary/x"])
async def test_keys_that_leave_the_folder_are_refused(store: DurableLocalStore, key: str) -> None:
    with pytest.raises(ValueError, match="key of an object"):
        await store.put_new(key, [b""])


async def test_a_left_over_temporary_file_is_never_seen(
    store: DurableLocalStore, tmp_path: Path
) -> None:
    await store.put_new("index/1", [b"x"])
    (tmp_path / "vault" / TEMPORARY_FOLDER / "0123.tmp").write_bytes(b"half")
    (tmp_path / "vault" / "index" / ".nfs000").write_bytes(b"half")
    assert [item.key async for item in store.list("index/")] == ["index/1"]


async def test_nothing_temporary_stays_after_a_put(
    store: DurableLocalStore, tmp_path: Path
) -> None:
    await store.put_new("a", [b"x"])
    await store.put_new("a", [b"y"])
    assert list((tmp_path / "vault" / TEMPORARY_FOLDER).iterdir()) == []


@pytest.mark.parametrize("seconds_ago", [LEFT_OVER_SECONDS - 60, LEFT_OVER_SECONDS + 60])
async def test_what_a_dead_process_left_over_is_removed_a_day_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds_ago: float
) -> None:
    temporary = tmp_path / "vault" / TEMPORARY_FOLDER
    temporary.mkdir(parents=True)
    (temporary / "dead.tmp").write_bytes(b"half")
    # The file system's own time cannot be set: the limit moves instead.
    monkeypatch.setattr(local_store, "LEFT_OVER_SECONDS", LEFT_OVER_SECONDS - seconds_ago)
    await DurableLocalStore(tmp_path / "vault").put_new("index/1", [b"x"])
    is_there = seconds_ago < LEFT_OVER_SECONDS
    assert [file.name for file in temporary.iterdir()] == (["dead.tmp"] if is_there else [])


class Recorder:
    """Records the order of the calls that make an object durable."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
        self.calls: list[tuple[str, str]] = []
        self._root = root
        self._paths: dict[int, str] = {}
        for name in ("open", "write", "fsync", "link", "unlink", "mkdir"):
            monkeypatch.setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            result = real(*arguments, **named)
            self._note(name, arguments, result)
            return result

        return call

    def _note(self, name: str, arguments: tuple[Any, ...], result: Any) -> None:
        if name == "open":
            self._paths[result] = self._label(arguments[0])
            return
        target = arguments[1] if name == "link" else arguments[0]
        label = self._paths[target] if isinstance(target, int) else self._label(target)
        self.calls.append((name, label))

    def _label(self, path: Any) -> str:
        text = str(path)
        if text.endswith(".tmp"):
            return "temporary"
        return str(Path(text).relative_to(self._root))


async def test_bytes_are_synced_before_the_name_and_the_name_before_the_answer(
    store: DurableLocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(monkeypatch, tmp_path)
    await store.put_new("packs/aa/one", [b"one", b"two"])
    assert recorder.calls == [
        ("mkdir", "vault"),
        ("fsync", "."),
        ("mkdir", "vault/packs"),
        ("fsync", "vault"),
        ("mkdir", "vault/packs/aa"),
        ("fsync", "vault/packs"),
        ("mkdir", "vault/.temporary"),
        ("fsync", "vault"),
        ("write", "temporary"),
        ("write", "temporary"),
        ("fsync", "temporary"),
        ("link", "vault/packs/aa/one"),
        ("unlink", "temporary"),
        ("fsync", "vault/packs/aa"),
    ]
    recorder.calls.clear()
    assert not await store.put_new("packs/aa/one", [b"one"])
    assert recorder.calls[-1] == ("fsync", "vault/packs/aa")
    recorder.calls.clear()
    await store.delete("packs/aa/one")
    assert recorder.calls == [("unlink", "vault/packs/aa/one"), ("fsync", "vault/packs/aa")]


@pytest.mark.parametrize(
    ("function", "code", "sentence"),
    [
        ("write", errno.ENOSPC, "the disk is full"),
        ("fsync", errno.EIO, "I/O error"),
        ("link", errno.EPERM, "hard links"),
        ("open", errno.EACCES, "permission"),
        ("open", errno.EROFS, "read-only"),
    ],
)
async def test_a_refusal_of_the_system_is_one_clear_sentence_and_leaves_nothing(
    store: DurableLocalStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    code: int,
    sentence: str,
) -> None:
    await store.put_new("index/0", [b"x"])

    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, function, refuse)
        with pytest.raises(StoreUnavailable, match=sentence) as caught:
            await store.put_new("index/1", [b"x"])
    assert "index/1" in str(caught.value)
    assert await store.head("index/1") is None
    assert list((tmp_path / "vault" / TEMPORARY_FOLDER).iterdir()) == []
    assert await store.put_new("index/1", [b"x"])


async def test_a_short_write_is_continued(
    store: DurableLocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def write_little(file: int, data: memoryview) -> int:
        return real(file, data[:3])

    monkeypatch.setattr(os, "write", write_little)
    await store.put_new("a", [b"0123456789"])
    assert await store.get("a") == b"0123456789"


async def test_a_folder_that_is_not_there_is_said_on_reading(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = DurableLocalStore(tmp_path / "file")
    with pytest.raises(StoreUnavailable):
        await store.head("FORMAT")
    with pytest.raises(StoreUnavailable):
        await store.put_new("FORMAT", [b"x"])


async def test_objects_are_not_for_everybody(store: DurableLocalStore, tmp_path: Path) -> None:
    await store.put_new("a", [b"x"])
    mode = stat.S_IMODE((tmp_path / "vault" / "a").stat().st_mode)
    assert mode & stat.S_IRWXO == 0
