"""A trace goes on: outputs carry the input's trace id, and its span's where OpenTelemetry records."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from streams import tracing
from streams.tracing import Place, batches, begin, parent_in

ROOT = Path(__file__).parents[2]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
PLACE = Place("bg.lead-activity", 2, 17)


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What is recorded, by a provider of this test's own."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "TRACER", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


class Steps:
    """Steps of a batch as a processor has them."""

    @batches
    def of(self, batch: list[Any]) -> Iterator[int]:
        for number, _ in enumerate(batch):
            yield number


def finished(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


@pytest.mark.parametrize(
    "value",
    [
        PARENT,
        f"00-{TRACE}-00f067aa0ba902b7-00",
        f"01-{TRACE}-00f067aa0ba902b7-01",
        f"cc-{TRACE}-00f067aa0ba902b7-01-more",
    ],
)
def test_a_traceparent_is_found(value: str) -> None:
    assert parent_in([("ce_id", b"e"), ("traceparent", value.encode())]) == value


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"00-trace",
        f"ff-{TRACE}-00f067aa0ba902b7-01".encode(),
        f"00-{'0' * 32}-00f067aa0ba902b7-01".encode(),
        f"00-{TRACE}-{'0' * 16}-01".encode(),
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01".encode(),
        f"00-{TRACE}-00f067aa0ba902b7-01-more".encode(),
        f"{PARENT}\n".encode(),
        PARENT.encode() + b"\xff",
    ],
)
def test_a_malformed_one_is_none(value: bytes | None) -> None:
    assert parent_in([("traceparent", value)]) is None


def test_where_nobody_records_the_inputs_own_is_handed_on() -> None:
    assert begin(PARENT, PLACE) == (PARENT, None)


def test_without_opentelemetry_the_inputs_own_is_handed_on() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from streams.tracing import TRACER, Place, begin\n"
        f"print(TRACER, begin({PARENT!r}, Place('t', 0, 1)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert said == f"None ('{PARENT}', None)\n"


def test_an_input_gets_a_span_below_its_own_that_its_outputs_carry(
    exported: InMemorySpanExporter,
) -> None:
    carried, span = begin(PARENT, PLACE)
    assert span is not None
    assert carried == f"00-{TRACE}-{trace.format_span_id(span.get_span_context().span_id)}-01"
    assert list(Steps().of([SimpleNamespace(spans=[span])])) == [0]
    found = finished(exported)["process bg.lead-activity"]
    assert found.parent is not None
    assert trace.format_span_id(found.parent.span_id) == "00f067aa0ba902b7"
    assert dict(found.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": "bg.lead-activity",
        "messaging.destination.partition.id": "2",
        "messaging.kafka.offset": 17,
    }


def test_what_was_not_sampled_stays_so(exported: InMemorySpanExporter) -> None:
    unsampled = f"00-{TRACE}-00f067aa0ba902b7-00"
    assert begin(unsampled, PLACE) == (unsampled, None)


def test_a_batch_has_one_span_that_is_linked_to_those_of_its_inputs(
    exported: InMemorySpanExporter,
) -> None:
    spans = [begin(PARENT, Place("bg.accounts", 2, offset))[1] for offset in range(3)]
    parts = [
        SimpleNamespace(spans=spans[:2]),
        SimpleNamespace(spans=[]),
        SimpleNamespace(spans=spans[2:]),
    ]
    assert list(Steps().of(parts)) == [0, 1, 2]
    batch = finished(exported)["fold and deliver a batch"]
    assert batch.parent is None
    assert [link.context for link in batch.links] == [
        span.get_span_context() for span in spans if span is not None
    ]
    assert len(exported.get_finished_spans()) == 4


def test_an_undone_batch_fails_its_own_span_and_its_inputs_wait_for_the_next_try(
    exported: InMemorySpanExporter,
) -> None:
    _, span = begin(PARENT, PLACE)
    parts = [SimpleNamespace(spans=[span])]
    steps = Steps().of(parts)
    next(steps)
    del steps
    (failed,) = exported.get_finished_spans()
    assert failed.status.status_code is trace.StatusCode.ERROR
    assert list(Steps().of(parts)) == [0]
    _, again, whole = sorted(exported.get_finished_spans(), key=lambda each: each.end_time or 0)
    assert {again.name, whole.name} == {"process bg.lead-activity", "fold and deliver a batch"}
    assert again.status.status_code is trace.StatusCode.UNSET


def test_a_batch_without_traced_inputs_gets_the_steps_themselves(exported: InMemorySpanExporter) -> None:
    steps = Steps().of([SimpleNamespace(spans=[])])
    assert steps.gi_code.co_name == "of"  # type: ignore[attr-defined]
    assert list(steps) == [0]
    assert exported.get_finished_spans() == ()
