"""What a day tick over many leads does to the activity that flows meanwhile, and how long it takes.

The state is one of a tenant that was ticked the day before. Activity flows at a steady rate for a while,
then a tick is sent, as ``buying-groups tick`` does, and activity flows until every partition has the new
day. An event counts to the tick if it was sent while the tick was under way.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from typing import Final

from benchmarks.goals.flow import Flow, Way, row_of
from benchmarks.goals.recovering import recovered
from benchmarks.goals.stand import Cores, Deployment, Worker, deployed, kafka, parser_of, screen
from benchmarks.goals.state import Maker, Shape, fill
from benchmarks.goals.telling import Row, Told, tell
from benchmarks.groups import LEADS
from benchmarks.job import Job
from benchmarks.measuring import on_core
from console.tick import move_day_on
from domain.calendar import MILLIS_PER_DAY, day_of
from schemas.codec import Codec
from schemas.inputs import LeadActivity
from schemas.registry import CommittedRegistry

_PATIENCE_S: Final = 1_800.0
_SENT_AFTER: Final = "routed records"
"""The last thing that is waited for before a tick is sent."""

_BLOCK: Final = 5_000_000
"""More than a run sends: beginning anew takes seconds where there are many accounts."""

_GIB: Final = 2**30


def main() -> None:
    """Measure and print the percentiles before and during the tick."""
    parser = parser_of(__doc__, "tick")
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=500, help="activities per second")
    parser.add_argument("--before", type=int, default=20, help="seconds of activity before the tick")
    parser.add_argument(
        "--most-gib", type=float, default=10.0, help="give up when the worker holds more"
    )
    asked = parser.parse_args()
    cores = Cores.here()
    now = time.time_ns() // 1_000_000
    maker = Maker(Shape(now - MILLIS_PER_DAY, ticked=True))
    with kafka(cores.rest) as (bootstrap, broker), deployed(bootstrap, broker) as deployment:
        fill(deployment, maker, asked.leads)
        with deployment.worker(cores.worker) as worker:
            ready = recovered(deployment, worker)
            screen.print(f"recovered in {ready.seconds:.0f} s", highlight=False)
            job = Job(_BLOCK, -(-asked.leads // LEADS), now - MILLIS_PER_DAY)
            with on_core(cores.rest):
                flow = Flow(deployment, endless(job), asked.rate)
                flow.start()
            time.sleep(asked.before)
            used = worker.cpu()
            began, ended = _tick(deployment, worker, now, asked.most_gib)
            used = worker.cpu() - used
            screen.print(f"the tick took {ended - began:.1f} s", highlight=False)
            time.sleep(2)
            flow.stop()
            ways = flow.ways(_PATIENCE_S)
            resident = worker.resident()
    rows = [
        _row("before", [way for way in ways if way.sent < began]),
        _row("tick", [way for way in ways if began <= way.sent < ended]),
    ]
    told = Told(
        f"a day tick over {asked.leads:,} leads, {asked.rate} activities/s meanwhile, one worker",
        "p99 under 250 ms while it runs",
        rows,
        (
            f"the tick took {ended - began:.1f} s, {used / asked.leads * 1e6:.0f} µs of CPU time a lead",
            f"MiB resident: {ready.resident / 2**20:,.0f} before, {resident / 2**20:,.0f} after",
            f"sent late by {flow.late * 1000:.0f} ms at most",
        ),
    )
    tell(told, asked)


def endless(job: Job) -> Iterator[LeadActivity]:
    """Yield a job's stream again and again, each time as other events."""
    for lap in itertools.count():
        for event in job.stream():
            yield event.model_copy(update={"event_id": f"{event.event_id}-{lap}"})


def _tick(deployment: Deployment, worker: Worker, now: int, most_gib: float) -> tuple[float, float]:
    """Tick to a time's day; return when it was sent and when every partition had it."""
    sent = time.time()
    failed: list[BaseException] = []

    def told(what: str, done: int, total: int) -> None:
        nonlocal sent
        if what == _SENT_AFTER and done >= total:
            sent = time.time()

    def run() -> None:
        codec = Codec(CommittedRegistry())
        try:
            move_day_on(deployment.settings, codec, day_of(now), now, _PATIENCE_S, told)
        except BaseException as failure:  # noqa: BLE001 - told to the thread that waits
            failed.append(failure)

    def over() -> bool:
        if worker.resident() > most_gib * _GIB:
            took = time.time() - sent
            raise SystemExit(f"the worker held more than {most_gib} GiB after {took:.0f} s of the tick")
        return not ticking.is_alive()

    ticking = threading.Thread(target=run, daemon=True)
    ticking.start()
    worker.wait(over, "done with the tick", _PATIENCE_S)
    if failed:
        raise SystemExit(str(failed[0]))
    return sent, time.time()


def _row(when: str, ways: list[Way]) -> Row:
    return {"events sent": when, **row_of(ways)}


if __name__ == "__main__":
    main()
