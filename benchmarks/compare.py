"""One job, every system: events per second on a real Kafka, with the right scores or not at all.

Each system runs as one process on one core, the broker on the others. The stream is published before a
system starts; what is measured is the time from the first score on the broker to the last, which belong
to the first and to the last event. Rounds are interleaved, so a machine that slows down slows everybody.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from benchmarks import machine
from benchmarks.arena import Arena
from benchmarks.contenders import BY_NAME, SYSTEMS, System
from benchmarks.measuring import Failed, Result, java_of
from benchmarks.report import summary, write_report
from benchmarks.warm_broker import warm_broker

NOT_HERE: Final = 3
"""What a system's ``--prepare`` ends with when the machine lacks what it needs."""

LEAST_CORES: Final = 2

screen = Console(stderr=True)


def main() -> None:
    """Run the rounds; print a table or JSON, and write the report where one is asked for."""
    # Whoever ends this also ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    asked = _options().parse_args()
    systems = _present([BY_NAME[name] for name in asked.only], asked.peers)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < LEAST_CORES:
        raise SystemExit("a core for the system and another for the broker are needed")
    # Whatever is started from here on has the other cores, unless it is told otherwise.
    os.sched_setaffinity(0, set(cores[1:]))
    told: dict[str, Any] = {
        "machine": machine.description(len(cores)),
        "versions": machine.versions(asked.peers, systems),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "asked": {"events": asked.events, "accounts": asked.accounts, "rounds": asked.rounds},
        "runs": [],
    }
    with _bootstrap() as (bootstrap, broker):
        arena = Arena(bootstrap, broker, core=cores[0], peers=asked.peers, now=int(time.time() * 1000))
        with contextlib.closing(arena):
            for run in _runs(arena, systems, asked):
                told["runs"].append(run)
                if asked.save:
                    asked.save.write_text(json.dumps(told, indent=1))
    if asked.kill is not None:
        return
    if asked.output == "json":
        print(json.dumps(told))
    else:
        Console().print(summary(told))
    if asked.report:
        write_report(told, asked.report)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.compare")
    parser.add_argument("--events", type=int, default=500_000, help="slow systems get a part of them")
    parser.add_argument("--accounts", type=_numbers, default=[500, 20_000], help="500,20000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only", type=_names, default=[system.name for system in SYSTEMS], help=", ".join(BY_NAME)
    )
    parser.add_argument("--timeout", type=float, default=900, help="seconds for one run")
    parser.add_argument(
        "--kill",
        type=float,
        metavar="SECONDS",
        help="kill -9 so long after the first score and start again; check the scores, do not measure",
    )
    parser.add_argument("--peers", default=_peers(), help="the Python that has the peers")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    parser.add_argument("--save", type=Path, help="keep the figures in this file, as JSON, as they come")
    parser.add_argument("--report", type=Path, help="write RESULTS.md and results.svg to this folder")
    return parser


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in BY_NAME:
            msg = f"{name} is none of {', '.join(BY_NAME)}"
            raise argparse.ArgumentTypeError(msg)
    return names


def _peers() -> str | None:
    python = Path(".venv-bench/bin/python")
    return str(python) if python.exists() else None


def _present(systems: list[System], peers: str | None) -> list[System]:
    """Return the systems that can run here; say which cannot, and why."""
    here = []
    for system in systems:
        if system.peer and peers is None:
            screen.print(f"{system.name} is left out: the peers' environment is not there")
            continue
        if system.prepares:
            command = [sys.executable, "-m", system.path, "--prepare"]
            done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
            if done.returncode == NOT_HERE:
                screen.print(f"{system.name} is left out: {done.stderr.strip()}")
                continue
            if done.returncode:
                raise SystemExit(done.stderr)
        here.append(system)
    return here


@contextlib.contextmanager
def _bootstrap() -> Iterator[tuple[str, int | None]]:
    """Yield where Kafka is, and its process if it was started for this."""
    servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if servers:
        yield servers, None
        return
    with warm_broker() as broker:
        yield broker.bootstrap, java_of(os.getpid())


def _runs(arena: Arena, systems: list[System], asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for accounts in asked.accounts:
        for number in range(asked.rounds):
            # Nobody always runs after the same neighbour.
            for system in systems[number % len(systems) :] + systems[: number % len(systems)]:
                events = max(int(asked.events * system.share), 1)
                screen.print(f"{accounts:,} accounts, round {number + 1}: {system.name} … ", end="")
                try:
                    if asked.kill is not None:
                        of = (events, accounts)
                        screen.print(arena.killed(system, of, asked.kill, asked.timeout))
                        continue
                    result = arena.run(system, events, accounts, asked.timeout)
                except Failed as failed:
                    screen.print()
                    raise SystemExit(str(failed)) from None
                screen.print(_line(result))
                yield {"system": system.name, "accounts": accounts, "round": number, **asdict(result)}
        arena.forget()


def _line(result: Result) -> str:
    parts = [f"{result.rate:,.0f} events/s", f"{result.cpu_us:.1f} µs CPU/event"]
    parts.append(f"{result.outputs / result.events:.2f} scores/event")
    if result.broker_cpu is not None:
        parts.append(f"broker {result.broker_cpu:.0%} of a core")
    return ", ".join(parts)


if __name__ == "__main__":
    main()
