"""The other ends of ``bench_rpc.py``, each a process of its own.

``rpc_load.py echo …`` serves a method that answers with what it was asked. ``rpc_load.py
calls …`` keeps calls in flight and prints how many were answered; ``rpc_load.py watch …`` holds
streams open and prints when each round of messages has reached the last of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import grpc
from grpc import aio

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.client import open_channel

WATCH = "/sitekeep.operation.v1.OperationEventService/WatchOperation"
STREAMS_PER_CHANNEL = 100
WARM_UP_SECONDS = 0.5


async def echo(address: str, method: str) -> None:
    """Serves one method until it is killed, with nothing around it."""
    server = aio.server(options=[("grpc.so_reuseport", 0)])

    async def answer(request: bytes, context: Any) -> bytes:
        return request

    _, service, name = method.split("/")
    handlers: dict[str, Any] = {name: grpc.unary_unary_rpc_method_handler(cast(Any, answer))}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    server.add_insecure_port(address)
    await server.start()
    await server.wait_for_termination()


async def call(
    address: str, method: str, body: bytes, key: str, arguments: argparse.Namespace
) -> None:
    """Calls for some seconds; bytes go in and come out as they are."""
    async with aio.insecure_channel(address) as channel:
        ask = cast(Any, channel).unary_unary(method)
        metadata = (("authorization", f"Bearer {key}"),)
        times: list[float] = []

        async def work(until: float) -> None:
            while (start := time.perf_counter()) < until:
                await ask(body, metadata=metadata)
                times.append(time.perf_counter() - start)

        await _beside(work, arguments.in_flight, WARM_UP_SECONDS)
        times.clear()
        print("started", flush=True)
        start = time.perf_counter()
        await _beside(work, arguments.in_flight, arguments.seconds)
        taken = time.perf_counter() - start
    times.sort()
    median, slow = times[len(times) // 2], times[len(times) * 99 // 100]
    print(json.dumps({"rate": len(times) / taken, "p50": median, "p99": slow}), flush=True)


async def _beside(work: Any, count: int, seconds: float) -> None:
    until = time.perf_counter() + seconds
    await asyncio.gather(*(work(until) for _ in range(count)))


async def watch(address: str, names: Sequence[bytes], key: str, streams: int) -> None:
    """Holds streams until standard input ends; a line per round of messages."""
    channels = [open_channel(address, key) for _ in range(-(-streams // STREAMS_PER_CHANNEL))]
    arrived: Counter[int] = Counter()

    async def follow(number: int) -> None:
        channel = channels[number % len(channels)]
        rounds = 0
        ask = cast(Any, channel).unary_stream(WATCH)
        async for _ in ask(names[number % len(names)]):
            arrived[rounds] += 1
            if arrived[rounds] == streams:
                print(json.dumps({"round": rounds, "last": time.time()}), flush=True)
            rounds += 1

    tasks = [asyncio.create_task(follow(number)) for number in range(streams)]
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for channel in channels:
        await channel.close()


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=("echo", "calls", "watch"))
    parser.add_argument("address")
    parser.add_argument("--method", default="")
    parser.add_argument("--body", nargs="*", type=bytes.fromhex, default=[b""])
    parser.add_argument("--key", default="")
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--streams", type=int, default=1000)
    given = parser.parse_args()
    if given.role == "echo":
        asyncio.run(echo(given.address, given.method))
    elif given.role == "calls":
        asyncio.run(call(given.address, given.method, given.body[0], given.key, given))
    else:
        asyncio.run(watch(given.address, given.body, given.key, given.streams))


if __name__ == "__main__":
    main()
