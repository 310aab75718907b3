"""A worker that finds state in the changelogs: how long it reads, and what it holds then."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from benchmarks.goals.stand import READY, Deployment, Worker, screen
from benchmarks.measuring import cpu_seconds

_SETTLED_S: Final = 3.0
_PATIENCE_S: Final = 3_600.0
_TELL_EVERY_S: Final = 5.0
_OWNED: Final = "buying_groups_owned_partitions"
_REMAINING: Final = "buying_groups_recovery_remaining"


@dataclass(frozen=True, slots=True)
class Recovered:
    """Seconds from assignment to ready, CPU seconds of worker and broker meanwhile, bytes resident."""

    seconds: float
    cpu: float
    broker_cpu: float
    resident: int


def recovered(deployment: Deployment, worker: Worker) -> Recovered:
    """Wait until a worker that was just started has recovered its tables."""
    worker.wait(lambda: worker.metrics().get(_OWNED, 0.0) > 0, "assigned partitions", _PATIENCE_S)
    began, cpu, broker = time.time(), worker.cpu(), _broker_cpu(deployment)
    told_at = began
    while worker.said(READY) is None:
        if worker.run.process.poll() is not None:
            end = worker.run.log.read_text(errors="replace")[-3_000:]
            raise SystemExit(f"the worker ended while it recovered:\n{end}")
        if time.time() - told_at > _TELL_EVERY_S:
            told_at = time.time()
            left = worker.metrics().get(_REMAINING, 0.0)
            screen.print(f"  {told_at - began:.0f} s, {left:,.0f} records to come", highlight=False)
        time.sleep(0.1)
    ended = worker.said(READY) or time.time()
    used, broker_used = worker.cpu() - cpu, _broker_cpu(deployment) - broker
    # Recovery's buffers are let go.
    time.sleep(_SETTLED_S)
    return Recovered(max(ended - began, 0.001), used, broker_used, worker.resident())


def _broker_cpu(deployment: Deployment) -> float:
    return 0.0 if deployment.broker is None else cpu_seconds(deployment.broker) or 0.0
