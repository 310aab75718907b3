"""Spans are sent where OpenTelemetry's own environment variables say; the extra ``otel`` brings this."""

from __future__ import annotations

import os

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def export_spans(namespace: str) -> TracerProvider:
    """Begin to record and send spans; return what is to be shut down at the end."""
    named = {
        "service.name": os.environ.get("OTEL_SERVICE_NAME", "buying-groups"),
        "service.namespace": namespace,
    }
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider
