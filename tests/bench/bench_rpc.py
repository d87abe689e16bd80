"""Calls of the Backup server beside an empty echo server, and what watching streams take.

``python tests/bench/bench_rpc.py`` measures on SQLite, ``--postgresql URL`` on a PostgreSQL
server too. Servers and clients are processes of their own; both servers are called by the same
client, in turns, so that their ratio is what counts. With ``h2load`` installed that calls too.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import json
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import insert, update

sys.path.insert(0, str(Path(__file__).parents[1]))


from sitekeep.backup.v1 import backup_pb2
from sitekeep.operation.v1 import operation_pb2
from sitekeep_shared.clock import SystemClock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.migrate import migrate
from support.client import ADMIN_ACCOUNT, make_key
from support.databases import postgresql_database
from support.processes import Deployment, free_port, wait_until

ECHO = "/bench.Echo/Echo"
GET_BACKUP = "/sitekeep.backup.v1.BackupService/GetBackup"
OPERATIONS = 100
CHANGES = 5
LOAD = Path(__file__).with_name("rpc_load.py")


@dataclass
class Peer:
    """A server that is measured."""

    name: str
    address: str
    process: psutil.Process
    method: str
    body: bytes
    key: str = ""

    def cpu_seconds(self) -> float:
        """What it has used since it started."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def resident_bytes(self) -> int:
        """Its memory."""
        return int(self.process.memory_info().rss)


@dataclass
class Calls:
    """What a client saw of a server, and what the server used."""

    rate: float
    p50: float
    p99: float
    cpu_share: float

    @property
    def cpu_microseconds(self) -> float:
        """CPU time of the server per call."""
        return self.cpu_share / self.rate * 1e6


async def _fill(database: Database) -> str:
    """One organization with a hundred backups and as many running operations; answers a key."""
    await migrate(database)
    clock = SystemClock()
    now = clock.now()
    times = {"create_time": now, "update_time": now}
    names = [f"b{number:03d}" for number in range(OPERATIONS)]
    admin = {"organization": "acme", "id": "bench", "account_id": ADMIN_ACCOUNT}
    rows: list[tuple[Any, list[dict[str, Any]]]] = [
        (
            schema.organization,
            [{"id": "acme", "display_name": "Acme", "enrolled": True, "etag": "e", **times}],
        ),
        (schema.admin, [{**admin, "display_name": "Bench"}]),
        (schema.backup, [_backup(name, now) for name in names]),
        (schema.operation, [_operation(name, times) for name in names]),
    ]
    async with database.write() as connection:
        for table, values in rows:
            await connection.execute(insert(table), values)
    return await make_key(database, clock)


_COUNTS = {
    kind: {"expected": 100, "done": 98, "missing": 2, "size_bytes": 12345}
    for kind in ("user", "project", "issue", "comment", "attachment")
}


def _backup(name: str, now: Any) -> dict[str, Any]:
    return {
        "uid": f"uid-{name}",
        "organization": "acme",
        "id": name,
        "policy": "organizations/acme/backupPolicies/weekly",
        "product_uid": f"product-{name}",
        "product_name": "organizations/acme/products/jira",
        "product_type": "JIRA",
        "state": "COMPLETE",
        "final_state": "COMPLETE",
        "create_time": now,
        "end_time": now,
        "expire_time": now + datetime.timedelta(days=14),
        "size_bytes": 1_000_000,
        "counts": _COUNTS,
        "operation": f"past-{name}",
        "archive_digest": "0" * 64,
        "etag": "e",
    }


def _operation(name: str, times: dict[str, Any]) -> dict[str, Any]:
    # Of the Restore service, which does not run here: nobody takes it up.
    return {
        "id": name,
        "organization": "acme",
        "kind": "restore",
        "resource_uid": name,
        "resource_name": f"organizations/acme/restores/{name}",
        "product_uid": f"product-{name}",
        "service": "restore",
        "state": "RUNNING",
        "cancel_requested": False,
        "finishing": False,
        "phase": "RESTORING_CONTENT",
        "progress": {"percent": 40, "unit_count": 10, "done_unit_count": 4, "counts": _COUNTS},
        "revision": 1,
        "arguments": {},
        **times,
    }


def _calls(peer: Peer, in_flight: int, seconds: float) -> Calls:
    options = [f"--in-flight={in_flight}", f"--seconds={seconds}", f"--key={peer.key}"]
    command = [
        sys.executable, str(LOAD), "calls", peer.address, f"--method={peer.method}",
        "--body", peer.body.hex(), *options,
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "started\n"
        before = peer.cpu_seconds()
        seen = json.loads(client.stdout.readline())
        used = peer.cpu_seconds() - before
    return Calls(seen["rate"], seen["p50"], seen["p99"], used / seconds)


def _print_calls(peers: Sequence[Peer], in_flight: int, seconds: float, rounds: int) -> None:
    measured: dict[str, list[Calls]] = {peer.name: [] for peer in peers}
    for _ in range(rounds):
        for peer in peers:
            measured[peer.name].append(_calls(peer, in_flight, seconds))
    echo = measured[peers[0].name]
    for name, of_peer in measured.items():
        middle = statistics.median_low([calls.rate for calls in of_peer])
        shown = next(calls for calls in of_peer if calls.rate == middle)
        pairs = zip(of_peer, echo, strict=True)
        ratio = statistics.median([calls.rate / beside.rate for calls, beside in pairs])
        print(
            f"  {name:10} {in_flight:3} in flight {shown.rate:7.0f} calls/s"
            f" ({ratio:4.0%} of the echo)  p50 {shown.p50 * 1000:5.2f} ms"
            f"  p99 {shown.p99 * 1000:6.2f} ms  {shown.cpu_microseconds:5.0f} µs CPU a call",
            flush=True,
        )


def _h2load(peer: Peer, folder: Path, seconds: float) -> float:
    body = folder / "body"
    body.write_bytes(b"\0" + struct.pack(">I", len(peer.body)) + peer.body)
    headers = (
        "content-type: application/grpc",
        "te: trailers",
        f"authorization: Bearer {peer.key}",
    )
    command = [
        "h2load", "-c4", "-m8", f"-D{max(1, round(seconds))}", "--warm-up-time=1", "-d", str(body),
        *(option for header in headers for option in ("-H", header)),
        f"http://{peer.address}{peer.method}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"finished in .*?, ([\d.]+) req/s", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])


def _print_h2load(peers: Sequence[Peer], folder: Path, seconds: float, rounds: int) -> None:
    if shutil.which("h2load") is None:
        print("  h2load is not installed (Debian: nghttp2-client)")
        return
    rates = [[_h2load(peer, folder, seconds) for peer in peers] for _ in range(rounds)]
    for number, peer in enumerate(peers):
        rate = statistics.median(row[number] for row in rates)
        ratio = statistics.median(row[number] / row[0] for row in rates)
        print(f"  {peer.name:10} h2load -c4 -m8 {rate:7.0f} calls/s ({ratio:4.0%} of the echo)")


class Watchers:
    """A client process with streams of one peer."""

    def __init__(self, peer: Peer, streams: int, operations: int) -> None:
        names = [f"organizations/acme/operations/b{number:03d}" for number in range(operations)]
        bodies = [operation_pb2.WatchOperationRequest(name=name) for name in names]
        self._process = subprocess.Popen(
            [
                sys.executable, str(LOAD), "watch", peer.address, f"--streams={streams}",
                f"--key={peer.key}", "--body", *(body.SerializeToString().hex() for body in bodies),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def last_arrival(self) -> float:
        """When the next round of messages had reached every stream."""
        assert self._process.stdout is not None
        return float(json.loads(self._process.stdout.readline())["last"])

    def close(self) -> None:
        """Ends every stream."""
        self._process.communicate("")


async def _print_streams(
    peer: Peer, database: Database, streams: int, operations: int, seconds: float
) -> None:
    before = peer.resident_bytes()
    started, used = time.monotonic(), peer.cpu_seconds()
    watchers = Watchers(peer, streams, operations)
    await asyncio.to_thread(watchers.last_arrival)
    opened, opening = time.monotonic() - started, peer.cpu_seconds() - used
    await asyncio.sleep(1)
    during, used = peer.resident_bytes(), peer.cpu_seconds()
    await asyncio.sleep(seconds)
    idle = (peer.cpu_seconds() - used) / seconds
    delays = [await _delay(watchers, database) for _ in range(CHANGES)]
    await asyncio.to_thread(watchers.close)
    await asyncio.sleep(1)
    after = peer.resident_bytes()
    megabyte = 1 << 20
    print(
        f"  {streams} streams of {operations} operations: open after {opened:.1f} s"
        f" ({opening / streams * 1e6:.0f} µs CPU each); memory {before / megabyte:.0f}"
        f" → {during / megabyte:.0f} MiB ({(during - before) / streams / 1024:.1f} KiB a stream),"
        f" {after / megabyte:.0f} once they are closed; {idle:.1%} of a core while nothing changes;"
        f" a change reaches the last stream after {statistics.median(delays) * 1000:.0f} ms"
        f" (worst of {CHANGES}: {max(delays) * 1000:.0f})",
        flush=True,
    )


async def _delay(watchers: Watchers, database: Database) -> float:
    operation = schema.operation
    # The changes are to fall anywhere between two looks.
    await asyncio.sleep(0.5 + time.time() % 0.25)
    async with database.write() as connection:
        next_one = {"revision": operation.c.revision + 1, "update_time": SystemClock().now()}
        await connection.execute(update(operation).values(next_one))
    changed = time.time()
    return await asyncio.to_thread(watchers.last_arrival) - changed


@contextlib.contextmanager
def _echo() -> Generator[Peer]:
    address = f"127.0.0.1:{free_port()}"
    body = backup_pb2.GetBackupRequest(name="organizations/acme/backups/b042")
    command = [sys.executable, str(LOAD), "echo", address, f"--method={ECHO}"]
    with subprocess.Popen(command) as process:
        try:
            serving = psutil.Process(process.pid)
            wait_until(lambda: bool(serving.net_connections()), 20, "the echo server")
            yield Peer("echo", address, serving, ECHO, body.SerializeToString())
        finally:
            process.kill()


async def _started(deployment: Deployment, key: str) -> Peer:
    await asyncio.to_thread(deployment.start, "backup")
    body = backup_pb2.GetBackupRequest(name="organizations/acme/backups/b042")
    process = psutil.Process(deployment.processes["backup"].pid)
    address = deployment.addresses["backup"]
    return Peer("GetBackup", address, process, GET_BACKUP, body.SerializeToString(), key)


async def _measure(url: str, folder: Path, given: argparse.Namespace) -> None:
    database = Database(url)
    key = await _fill(database)
    deployment = Deployment(folder, {"SITEKEEP_DATABASE_URL": url, "SITEKEEP_API_KEY": key})
    try:
        for operations in (1, OPERATIONS) if given.streams else ():
            peer = await _started(deployment, key)
            await _print_streams(peer, database, given.streams, operations, given.seconds)
            deployment.stop()
        peer = await _started(deployment, key)
        with _echo() as echo:
            for in_flight in given.in_flight:
                _print_calls((echo, peer), in_flight, given.seconds, given.rounds)
            _print_h2load((echo, peer), folder, given.seconds, given.rounds)
    finally:
        deployment.stop()
        await database.close()


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--in-flight", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--postgresql", help="URL of a server where a database can be made")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print("SQLite")
        asyncio.run(_measure(f"sqlite:///{folder}/sitekeep.db", Path(folder), given))
    if given.postgresql:
        with tempfile.TemporaryDirectory() as folder, postgresql_database(given.postgresql) as url:
            print("PostgreSQL")
            asyncio.run(_measure(url, Path(folder), given))


if __name__ == "__main__":
    main()
