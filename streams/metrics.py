"""What the worker counts, for Prometheus."""

from __future__ import annotations

from math import nan

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 120)

RECORDS = Counter("buying_groups_records", "Input records read", ["topic"])
MISPLACED = Counter(
    "buying_groups_misplaced_records", "Records routed to their account's partition", ["topic"]
)
DEAD_LETTERS = Counter(
    "buying_groups_dead_letters", "Records that went to dead-letters", ["topic", "reason"]
)
TOO_OLD = Counter("buying_groups_too_old_activity", "Activity older than the window")
ERASED = Counter("buying_groups_erased_activity", "Activity dated before its lead's erasure")
OUTCOMES = Counter(
    "buying_groups_outcomes",
    "Answers to decisions, stage moves and statuses; a batch that is tried again counts again",
    ["outcome"],
)
WRITTEN = Counter(
    "buying_groups_written_records", "Records written: outputs, routed and control", ["topic"]
)
BATCHES = Counter("buying_groups_batches", "Batches folded and delivered")
BATCH_SECONDS = Histogram(
    "buying_groups_batch_seconds",
    "Time to fold and deliver a batch",
    buckets=_SECONDS,
)
COMMIT_SECONDS = Histogram(
    "buying_groups_commit_seconds",
    "Time to write and commit one transaction",
    buckets=_SECONDS,
)
CHANGELOG_BYTES = Counter(
    "buying_groups_changelog_bytes", "Bytes of keys and values written to changelogs", ["table"]
)
RETRIES = Counter("buying_groups_delivery_retries", "Batches that were undone and tried again")
FAILING = Gauge("buying_groups_failing_partitions", "Partitions whose batch is being tried again")
RECOVERING = Gauge("buying_groups_recovery_remaining", "Changelog records still to be recovered")
RECOVERY_STALLED = Gauge(
    "buying_groups_recovery_stalled_seconds",
    "Time since the last recovered record, 0 outside of recovery",
)
OWNED_PARTITIONS = Gauge("buying_groups_owned_partitions", "Partitions this worker owns")
BASELINE_VERSION = Gauge(
    "buying_groups_baseline_version", "Oldest baseline of this worker's partitions, NaN without any"
)
BASELINE_DAY = Gauge(
    "buying_groups_baseline_day_timestamp_seconds",
    "Start of the oldest day that a partition of this worker was ticked to, 0 before the first tick,"
    " NaN without a partition",
)
for _gauge in (BASELINE_VERSION, BASELINE_DAY):
    _gauge.set(nan)
