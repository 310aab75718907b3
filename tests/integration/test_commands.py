"""``publish``, ``tick`` and ``export`` print what ``fold`` prints for the same file."""

import json
import random
import re
from collections import defaultdict
from operator import itemgetter
from pathlib import Path

import pytest

from domain.calendar import iso_day
from tests.integration.comparison import printed
from tests.integration.harness import Deployment
from tests.integration.streams import Stream, generate, moved_group

pytestmark = pytest.mark.slow


def write(path: Path, stream: Stream, *bad: str) -> None:
    """Write a stream's valid events as a file: shuffled, some twice, with bad lines between.

    The stage moves of a group alone keep their order: they count in it.
    """
    chance = random.Random("file")
    events = list(enumerate(zip(stream.valid, stream.lines(), strict=True)))
    events += chance.sample(events, len(events) // 10)
    chance.shuffle(events)
    moved: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, (_, ((_, value), _)) in enumerate(events):
        group = moved_group(value)
        if group is not None:
            moved[group].append(place)
    for places in moved.values():
        moves = sorted((events[place] for place in places), key=itemgetter(0))
        for place, move in zip(places, moves, strict=True):
            events[place] = move
    lines = [json.dumps(line) for _, (_, line) in events]
    for line in bad:
        lines.insert(chance.randrange(len(lines)), line)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_publish_tick_and_export_print_what_fold_prints_and_name_the_lines_they_refuse(
    deployment: Deployment, tmp_path: Path
) -> None:
    stream, path = generate(2000, seed=9), tmp_path / "stream.jsonl"
    activity = {"event_id": "e", "account_id": "", "lead_id": "l", "activity_type": "t"}
    bad = (
        "not json",
        '{"topic": "weather", "value": {}}',
        json.dumps({"topic": "lead-activity", "value": activity}),
    )
    write(path, stream, *bad)
    text = path.read_text(encoding="utf-8")
    day = iso_day(stream.as_of)
    worker = deployment.worker()

    published = deployment.command("publish", "-", given=text)
    ticked = deployment.command("tick", "--as-of", day)
    exported = deployment.command("export")
    folded = deployment.command("fold", str(path), "--as-of", day)

    assert ticked.returncode == exported.returncode == 0, ticked.stderr + exported.stderr
    assert printed(exported.stdout) == printed(folded.stdout)
    ids = [group["buying_group_id"] for group in printed(exported.stdout)]
    assert ids == sorted(ids)
    refused = [n for n, line in enumerate(text.splitlines(), start=1) if line in bad]
    for done in (published, folded):
        assert done.returncode == 3
        named = [int(n) for n in re.findall(r"^line (\d+):", done.stderr, re.MULTILINE)]
        assert named == refused, done.stderr
    assert worker.terminate() == 0
