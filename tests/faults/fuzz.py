"""Fuzzing: any bytes into the codec, the readers of all inputs, and what is accepted into the fold.

``python -m tests.faults.fuzz --cases 1000000 --seed 1``. A case is one record: random bytes, or a valid
frame changed at random places. It must come out as an event or as a dead letter in its original bytes,
soon, and leave nothing behind. The documented exceptions are ``BadRecord`` out of the codec; no other
part may raise. A failure says the case's number, and ``--seed`` with ``--first`` brings it back.
"""

import argparse
import faulthandler
import gc
import logging
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import structlog
from fastavro import schemaless_reader, schemaless_writer

from agents import definitions
from agents.control import check_usable, daily_tick_id, day_tick
from agents.inputs import READINGS
from agents.reading import Batch, Reader
from domain.calendar import MILLIS_PER_DAY
from schemas.codec import BadRecord, Codec
from schemas.control import ControlRecord
from schemas.registry import CommittedRegistry, current_version
from streams.delivery import Outgoing
from streams.ranges import FetchedRange
from streams.topics import BY_NAME, CONTROL, DEAD_LETTERS, DEFINITIONS
from tests.agents.lane import NOW, PARTITIONS, Lane, controls
from tests.integration.broken import BROKEN
from tests.integration.tenant import AS_OF, Tenant

HANG_S: Final = 20.0
"""A range of so few records takes milliseconds; the process ends with every stack after this long."""

_RANGE: Final = 50
_CONTROL_FRAMES: Final = 60
_FRESH_EVERY: Final = 200
"""Ranges until the fold starts anew: what is kept for good must not pass for a leak."""

_WARM_SHARE: Final = 0.2
_GROWTH_KB: Final = 64 * 1024
_PEAK_KB: Final = 512 * 1024
_LARGEST: Final = 1024 * 1024
"""Bytes of a record: no broker takes a larger one from its producers by default."""
_EDGES: Final = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF)
_INTS: Final = (0, 1, -1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 253_402_300_799_999)
_FLOATS: Final = (0.0, -0.0, 1e308, -1e308, 5e-324, float("inf"), float("-inf"), float("nan"))
_TEXTS: Final = (
    "",
    " ",
    "\0",
    "x" * 128,
    "x" * 100_000,
    "acct-0001",
    "ﷺ\u202e\U0010ffff",
    "1e999",
    "NaN",
    "{}",
    "[]",
    '{"all": []}',
    '{"any": [{"field": "job_title", "operator": "is", "value": {}}]}',
    '{"all": [' * 300 + "]}" * 300,
    '{"field": "person_engagement_score", "operator": ">=", "value": 1e400}',
)
_MOST_ITEMS: Final = 600
_LONG_NUMBERS: Final = (b"\xff" * 9 + b"\x01", b"\xfe\xff\xff\xff\x0f", b"\x80" * 20, b"\x01", b"\x00")


@dataclass(frozen=True, slots=True)
class FuzzedRecord:
    """A record as a fetch brings it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Fuzz:
    """Cases of one seed, and what they are fed to."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._codec = Codec(CommittedRegistry())
        self._reader = Reader(self._codec, PARTITIONS, None)
        self._frames = _frames(self._codec, seed)
        self._topics = sorted(self._frames)
        self._everything = [frame for frames in self._frames.values() for frame in frames]
        self._lane = Lane()
        self.counts: Counter[str] = Counter()

    def run(self, cases: int, first: int = 0) -> None:
        """Try so many cases; raises ``AssertionError`` with the number of the range that failed."""
        ranges = range(first // _RANGE, (first + cases + _RANGE - 1) // _RANGE)
        for number in ranges:
            faulthandler.dump_traceback_later(HANG_S, exit=True)
            try:
                self._try(number)
            except Exception as failure:
                msg = f"case {number * _RANGE} to {(number + 1) * _RANGE}, seed {self._seed}"
                raise AssertionError(f"{msg}: {type(failure).__name__}: {failure}") from failure
            finally:
                faulthandler.cancel_dump_traceback_later()

    def _try(self, number: int) -> None:
        chance = random.Random(f"{self._seed}/{number}")
        if number % _FRESH_EVERY == 0:
            self._lane = Lane()
        name = chance.choice(self._topics)
        records = tuple(self._record(chance, name, offset) for offset in range(_RANGE))
        for record in records:
            self._decode(name, record.value)
        partition = chance.randrange(PARTITIONS)
        fetched = FetchedRange(f"fuzz.{name}", partition, 0, _RANGE, records, 1)
        batch = self._read_of(name)(fetched)
        self._check_all_there(fetched, batch)
        self.counts["records"] += len(records)
        self._fold(batch)

    def _read_of(self, name: str) -> Callable[[FetchedRange], Batch]:
        if name == CONTROL.name:
            return partial(self._reader.read_control, topic=CONTROL, check=check_usable)
        if name == DEFINITIONS.name:
            return partial(self._reader.read_definitions, reading=definitions.READING)
        return partial(self._reader.read, reading=READINGS[name])

    def _decode(self, name: str, value: bytes | None) -> None:
        try:
            model = self._codec.decode(name, value)
        except BadRecord as bad:
            detail, reason = bad.detail, bad.reason
        else:
            # What is accepted can be written, and is the same when it is read again.
            assert self._codec.decode(name, self._codec.encode(name, model)) == model
            self.counts["accepted"] += 1
            return
        assert detail, "a reason without words"
        assert detail.isprintable(), detail
        self.counts[reason] += 1

    def _check_all_there(self, fetched: FetchedRange, batch: Batch) -> None:
        """Check that no record got lost: dead letters and routed records have their bytes."""
        given: dict[int, FuzzedRecord] = {record.offset: record for record in fetched.records}  # type: ignore[misc]
        gone = 0
        for sent in batch.onward:
            if sent.topic != DEAD_LETTERS.name:
                assert sent.partition != fetched.partition, "routed to where it was"
                gone += 1
                continue
            headers = {name: value for name, value in sent.headers if name.startswith("dlq_")}
            record = given[int(headers["dlq_offset"])]
            assert (sent.key, sent.value) == (record.key, record.value), "a dead letter was changed"
            assert headers["dlq_reason"]
            assert headers["dlq_detail"]
            gone += 1
        kept = len(fetched.records) - gone
        taken = len(batch.control) + len(batch.definitions)
        assert kept == taken or (kept <= len(batch.events) if kept else not batch.events), "one is lost"

    def _fold(self, batch: Batch) -> None:
        for delivery in self._lane.process(batch):
            for record in delivery.records:
                self._check_can_be_written(record)

    def _check_can_be_written(self, record: Outgoing) -> None:
        contract = BY_NAME[record.topic].contract
        if contract is not None and record.value is not None and record.topic not in READINGS:
            self._codec.decode(contract, record.value)

    def _record(self, chance: random.Random, name: str, offset: int) -> FuzzedRecord:
        value = self._value(chance, name)
        headers: tuple[tuple[str, bytes], ...] = ()
        if chance.random() < 0.1:
            headers = (("traceparent", chance.randbytes(chance.randrange(60))), ("x", b""))
        return FuzzedRecord(
            offset,
            chance.choice((NOW, NOW, NOW, 0, -1)),
            chance.choice((None, b"", b"acct-0001", b"\xff\x00")),
            value,
            headers,
        )

    def _value(self, chance: random.Random, name: str) -> bytes | None:
        draw = chance.random()
        frame = chance.choice(self._frames[name])
        if draw < 0.25:
            noise = chance.randbytes(chance.randrange(200))
            other = chance.choice(self._everything)
            return chance.choice((None, b"", b"\0", frame[:5], noise, frame[:5] + noise, other))
        if draw < 0.6:
            return frame if draw < 0.3 else self._refilled(chance, name, frame)[:_LARGEST]
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            frame = self._changed(chance, frame)[:_LARGEST]
        return frame

    def _refilled(self, chance: random.Random, name: str, frame: bytes) -> bytes:
        """Return a well-formed frame with some values that no honest producer would send."""
        schema = current_version(name).schema
        try:
            fields: Any = schemaless_reader(BytesIO(frame[5:]), schema, None)
        except Exception:  # noqa: BLE001 - one of the broken frames
            return frame
        for _ in range(chance.choice((1, 1, 2, 4))):
            _refill(chance, fields)
        sink = BytesIO()
        try:
            schemaless_writer(sink, schema, fields)
        except Exception:  # noqa: BLE001 - the value does not fit the field's type
            return frame
        return frame[:5] + sink.getvalue()

    def _changed(self, chance: random.Random, frame: bytes) -> bytes:  # noqa: PLR0911 - a way each
        """Return the frame with one change, mostly behind its header."""
        header = 0 if chance.random() < 0.05 else min(5, len(frame))
        at = chance.randrange(header, len(frame) + 1)
        match chance.randrange(8):
            case 0:
                byte = frame[at : at + 1] or b"\0"
                return frame[:at] + bytes([byte[0] ^ (1 << chance.randrange(8))]) + frame[at + 1 :]
            case 1:
                return frame[:at] + bytes([chance.choice(_EDGES)]) + frame[at + 1 :]
            case 2:
                return frame[:at] + chance.randbytes(chance.randint(1, 8)) + frame[at + 8 :]
            case 3:
                return frame[:at] or b"\0"
            case 4:
                return frame[:at] + chance.choice(_LONG_NUMBERS) + frame[at:]
            case 5:
                return frame[:at] + chance.choice(_LONG_NUMBERS) + frame[at + 1 :]
            case 6:
                end = chance.randrange(at, len(frame) + 1)
                return frame[:end] + frame[at:end] * chance.choice((1, 1, 50)) + frame[end:]
            case _:
                other = chance.choice(self._everything)
                return frame[:at] + other[chance.randrange(5, len(other)) :]


def _refill(chance: random.Random, fields: Any) -> None:
    """Change one value somewhere in a record's plain fields."""
    places = list(fields) if isinstance(fields, dict) else list(range(len(fields)))
    if not places:
        return
    place = chance.choice(places)
    value = fields[place]
    if isinstance(value, dict | list) and value and chance.random() < 0.85:
        _refill(chance, value)
        return
    match value:
        case bool():
            fields[place] = not value
        case int():
            fields[place] = chance.choice((*_INTS, value + 1, -value))
        case float():
            fields[place] = chance.choice(_FLOATS)
        case list():
            # Bounded: it may be drawn again and again for the same array.
            fields[place] = chance.choice(([], value * 2, value * 60))[:_MOST_ITEMS]
        case dict():
            fields[place] = chance.choice(({}, {text: text for text in _TEXTS}))
        case str() | None:
            shorter = value and value[1:]
            fields[place] = chance.choice((*_TEXTS, value, None, chance.choice(_INTS), shorter))
        case _:
            fields[place] = None


def _frames(codec: Codec, seed: int) -> dict[str, list[bytes]]:
    """Return valid frames of everything that a worker reads."""
    tenant = Tenant(f"{seed}/fuzz", 4, leads=(3, 6))
    events = [*tenant.groups(), *tenant.definitions()]
    made = (tenant.activity, tenant.journey, tenant.move, tenant.manual, tenant.profile, tenant.account)
    events += [make() for make in made for _ in range(40)]
    found: dict[str, list[bytes]] = {}
    for topic, value in events:
        found.setdefault(topic, []).append(codec.encode(topic, value))
    for make in BROKEN:
        topic, bad, _ = make(tenant)
        if bad is not None and len(bad) > 5:
            found[topic].append(bad)
    found[CONTROL.name] = [codec.encode(CONTROL.name, record) for record in _control_records(tenant)]
    return found


def _control_records(tenant: Tenant) -> list[ControlRecord]:
    """Return what workers tell each other of the tenant's definitions and of a tick."""
    lane = Lane()
    told = controls(lane.process(Batch(definitions=[value for _, value in tenant.definitions()])))  # type: ignore[misc]
    waiting = [*told, day_tick(daily_tick_id(AS_OF), AS_OF, AS_OF * MILLIS_PER_DAY)]
    found: list[ControlRecord] = []
    while waiting and len(found) < _CONTROL_FRAMES:
        record = waiting.pop()
        found.append(record)
        waiting.extend(controls(lane.follow(record)))
    return found


def peak_kb() -> int:
    """Return the most memory this process ever had, in KiB; ``ru_maxrss`` has its parent's, too."""
    status = Path("/proc/self/status").read_text().splitlines()
    (line,) = [line for line in status if line.startswith("VmHWM:")]
    return int(line.split()[1])


def resident_kb() -> int:
    """Return the memory this process has now, in KiB, without what waits to be collected."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the readers from telling of every record they route."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        yield
    finally:
        structlog.configure(**before)


def fuzzed(cases: int, seed: int, first: int = 0) -> str:
    """Try cases; return the report. Raises ``AssertionError`` if one failed or memory grew."""
    fuzz = Fuzz(seed)
    warm = int(cases * _WARM_SHARE)
    began = time.monotonic()
    with _quiet():
        fuzz.run(warm, first)
        before = resident_kb()
        fuzz.run(cases - warm, first + warm)
    took = time.monotonic() - began
    grown, peak = resident_kb() - before, peak_kb()
    assert grown < _GROWTH_KB, f"memory grew by {grown} KiB, seed {seed}"
    assert peak < _PEAK_KB, f"memory had a peak of {peak} KiB, seed {seed}"
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(fuzz.counts.items()))
    return (
        f"seed {seed}: {cases} cases in {took:.0f} s, {cases / took:.0f} a second; {kinds};"
        f" memory grew by {grown // 1024} MiB after the first fifth, its peak was {peak // 1024} MiB"
    )


def main() -> int:
    """Fuzz as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.faults.fuzz")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the case to begin with")
    given = parser.parse_args()
    print(fuzzed(given.cases, given.seed, given.first))
    return 0


if __name__ == "__main__":
    sys.exit(main())
