"""``publish``, ``tick`` and ``export`` print what ``fold`` prints for the same file."""

import json
import random
from pathlib import Path

import pytest

from domain.calendar import iso_day
from tests.integration.comparison import printed
from tests.integration.harness import Deployment
from tests.integration.streams import Stream, generate

pytestmark = pytest.mark.slow


def write(path: Path, stream: Stream, *bad: str) -> None:
    """Write a stream's valid events as a file: shuffled, some twice, with bad lines between."""
    chance = random.Random("file")
    lines = [json.dumps(line) for line in stream.lines()]
    lines += chance.sample(lines, len(lines) // 10)
    lines += bad
    chance.shuffle(lines)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_publish_tick_and_export_print_what_fold_prints(deployment: Deployment, tmp_path: Path) -> None:
    stream, path = generate(2000, seed=9), tmp_path / "stream.jsonl"
    write(path, stream)
    day = iso_day(stream.as_of)
    worker = deployment.worker()

    published = deployment.command("publish", str(path))
    ticked = deployment.command("tick", "--as-of", day)
    exported = deployment.command("export")
    folded = deployment.command("fold", str(path), "--as-of", day)

    for done in (published, ticked, exported, folded):
        assert done.returncode == 0, done.stderr
    assert printed(exported.stdout) == printed(folded.stdout)
    ids = [group["buying_group_id"] for group in printed(exported.stdout)]
    assert ids == sorted(ids)
    assert worker.terminate() == 0


def test_refused_lines_are_named_and_both_ways_leave_them_out(
    deployment: Deployment, tmp_path: Path
) -> None:
    stream, path = generate(300, seed=10), tmp_path / "stream.jsonl"
    activity = {"event_id": "e", "account_id": "", "lead_id": "l", "activity_type": "t"}
    write(
        path,
        stream,
        "not json",
        '{"topic": "weather", "value": {}}',
        json.dumps({"topic": "lead-activity", "value": activity}),
    )
    day = iso_day(stream.as_of)
    deployment.worker()

    published = deployment.command("publish", "-", given=path.read_text(encoding="utf-8"))
    assert deployment.command("tick", "--as-of", day).returncode == 0
    exported = deployment.command("export")
    folded = deployment.command("fold", str(path), "--as-of", day)

    assert published.returncode == 3
    assert folded.returncode == 3
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        refused = line == "not json" or '"weather"' in line or '"account_id": ""' in line
        assert (f"line {number}:" in published.stderr) == refused, published.stderr
    assert printed(exported.stdout) == printed(folded.stdout)
