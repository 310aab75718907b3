"""State lost and rebuilt at size, with its time and memory: ``python -m tests.faults.rebuild``.

``--events 1000000`` is the size that the promise names. A broker, one worker, a tick; then

- every changelog is deleted and created anew, empty; ``rebuild --in-place`` brings the state back, and
  ``export`` prints what it printed before;
- the score of one group is tampered with; ``rebuild`` names the group, ``--in-place`` mends it;
- ``fold --from-kafka`` prints what ``export`` prints;
- decisions are deleted, a worker runs, events flow: ``rebuild --promote`` brings them back, the worker
  away for moments, and in the end ``export`` prints what ``fold --from-kafka`` prints.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from domain.calendar import iso_day
from streams.topics import INPUTS
from tests.faults.deployment import FaultDeployment
from tests.faults.sizes import SEED
from tests.faults.streams import usual
from tests.integration.comparison import printed
from tests.integration.harness import Record
from tests.integration.losing import forget_decisions, lose_changelogs, tamper_with_score
from tests.kafka.broker import KafkaBroker

_PATIENCE_S: Final = 3600.0
_MAY_STOP: Final = "All workers may be stopped now"
_FLOW: Final = 20
_FLOW_EVERY_S: Final = 0.1


def main() -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.faults.rebuild")
    parser.add_argument("--events", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, KafkaBroker() as broker:
        namespace = f"rebuild{uuid.uuid4().hex[:8]}"
        with FaultDeployment(broker.bootstrap, namespace, Path(folder)) as deployment:
            check(deployment, given.events)
        broker.kill()
    return 0


def check(deployment: FaultDeployment, events: int) -> None:
    """Lose, rebuild and compare."""
    stream = usual(events, salt=6)
    began = time.monotonic()
    worker = deployment.worker()
    kept_back = len(stream.records) // 20
    begun, rest = stream.records[:-kept_back], stream.records[-kept_back:]
    for start in range(0, len(begun), 50_000):
        deployment.produce(begun[start : start + 50_000])
    deployment.wait_moving()
    print(f"{len(begun)} records, seed {SEED}: worked in {time.monotonic() - began:.0f} s")
    assert told(deployment, "tick", "--as-of", iso_day(stream.as_of))[0] == 0
    deployment.wait_consumed()
    assert worker.terminate() == 0
    leads = len({(v.account_id, v.lead_id) for t, v in stream.valid if t == INPUTS[0].name})  # type: ignore[attr-defined]
    print(f"{leads} leads with activity")
    exported = deployment.command("export", patience_s=_PATIENCE_S).stdout

    lose_changelogs(deployment)
    code, _, said = told(deployment, "rebuild", "--in-place")
    assert code == 0, said
    assert deployment.command("export", patience_s=_PATIENCE_S).stdout == exported
    print("export is what it was before the state was lost")

    group = tamper_with_score(deployment)
    code, found, said = told(deployment, "rebuild", "--output", "json")
    assert code == 1, said
    assert {json.loads(line)["buying_group_id"] for line in found.splitlines()} == {group}
    print(f"the group that was tampered with is named: {group}")
    code, _, said = told(deployment, "rebuild", "--in-place")
    assert code == 0, said

    _, folded, _ = told(deployment, "fold", "--from-kafka", "--as-of", iso_day(stream.as_of))
    assert printed(folded) == printed(exported)
    print("fold --from-kafka prints what export prints")

    promote(deployment, rest)
    assert told(deployment, "tick", "--as-of", iso_day(stream.as_of))[0] == 0
    deployment.wait_consumed()
    exported = deployment.command("export", patience_s=_PATIENCE_S).stdout
    _, folded, _ = told(deployment, "fold", "--from-kafka", "--as-of", iso_day(stream.as_of))
    assert printed(folded) == printed(exported)
    print("promoted under traffic, and fold --from-kafka prints what export prints")


def promote(deployment: FaultDeployment, rest: Sequence[Record]) -> None:
    """Lose decisions, let a worker run and events flow, promote; all events are on the broker then."""
    forget_decisions(deployment)
    worker = deployment.worker()
    err = deployment.folder / "promote.err"
    command = [sys.executable, "-m", "console.cli", "rebuild", "--promote", "--wait", "1h"]
    with err.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            cwd=deployment.folder,
            env=deployment.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    produced = 0
    while process.poll() is None:
        # Half of it while workers run; some is left when they are back.
        may_stop = _MAY_STOP in err.read_text()
        most = len(rest) * (9 if may_stop else 5) // 10
        produced += len(deployment.produce(rest[produced : min(produced + _FLOW, most)]))
        if may_stop and worker.running:
            assert worker.terminate() == 0
        time.sleep(_FLOW_EVERY_S)
    print("".join(f"  {line}\n" for line in err.read_text().splitlines()), end="", flush=True)
    assert process.returncode == 0
    assert "Workers may be started now" in err.read_text()
    print(f"{produced} of {len(rest)} records came meanwhile")
    assert 0 < produced < len(rest)
    deployment.worker()
    deployment.produce(rest[produced:])


def told(deployment: FaultDeployment, *arguments: str) -> tuple[int, str, str]:
    """Run a command; print what it took and said; return code, output and messages."""
    began = time.monotonic()
    out, err = (deployment.folder / name for name in ("command.out", "command.err"))
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "console.cli", *arguments],
            cwd=deployment.folder,
            env=deployment.environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    said = err.read_text()
    print(f"{' '.join(arguments)}: {_figures(used, time.monotonic() - began)}")
    print("".join(f"  {line}\n" for line in said.splitlines()), end="", flush=True)
    printed_lines = out.read_text()
    if process.returncode == 1:
        print(printed_lines[:2000])
    return process.returncode, printed_lines, said


def _figures(used: resource.struct_rusage, seconds: float) -> str:
    processor = used.ru_utime + used.ru_stime
    return f"{seconds:.0f} s, {processor:.0f} s of CPU, at most {used.ru_maxrss / 1024:.0f} MiB"


if __name__ == "__main__":
    sys.exit(main())
