"""streams/ is written against the internals of two exact versions: this is where a change is noticed.

When one of these fails, read what changed before touching the pin: each name below is overridden, set
or relied on, and most of what goes wrong with them is lost or doubled records.
"""

import inspect
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiokafka
import faust
import pytest
from aiokafka.consumer import fetcher, group_coordinator, subscription_state
from faust.assignor.partition_assignor import PartitionAssignor
from faust.stores.base import Store
from faust.tables import manager, recovery
from faust.transport import consumer
from faust.transport.drivers import aiokafka as driver
from packaging.requirements import Requirement

from streams.transport import AIOKAFKA_VERSION, FAUST_VERSION


def test_faust_is_the_version_the_transport_was_written_for() -> None:
    assert version("faust-streaming") == FAUST_VERSION


def test_aiokafka_is_the_version_the_transport_was_written_for() -> None:
    assert version("aiokafka") == AIOKAFKA_VERSION


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (driver.AIOKafkaConsumerThread._create_worker_consumer, ["self", "transport"]),
        (
            driver.AIOKafkaConsumerThread._fetch_records,
            ["self", "consumer", "active_partitions", "timeout", "max_records"],
        ),
        (driver.AIOKafkaConsumerThread._seek_wait, ["self", "consumer", "partitions"]),
        (driver.AIOKafkaConsumerThread.seek_to_committed, ["self"]),
        (driver.AIOKafkaConsumerThread._ensure_consumer, ["self"]),
        (driver.AIOKafkaConsumerThread.call_thread, ["self", "fun", "args", "kwargs"]),
        (driver.ConsumerRebalanceListener.on_partitions_assigned, ["self", "assigned"]),
        (group_coordinator.GroupCoordinator._start_heartbeat_task, ["self"]),
        (driver.Consumer._new_consumer_thread, ["self"]),
        (driver.Consumer._getmany, ["self", "active_partitions", "timeout"]),
        (driver.Consumer._to_message, ["self", "tp", "record"]),
        (consumer.Consumer._add_gap, ["self", "tp", "offset_from", "offset_to"]),
        (consumer.Consumer._filter_tps_with_pending_acks, ["self", "topics"]),
        (consumer.Consumer._new_offset, ["self", "tp"]),
        (consumer.Consumer._should_commit, ["self", "tp", "offset"]),
        (consumer.Consumer._is_changelog_tp, ["self", "tp"]),
        (consumer.Consumer.resume_partitions, ["self", "tps"]),
        (consumer.Consumer.resume_flow, ["self"]),
        (consumer.Consumer.stop_flow, ["self"]),
        (consumer.Consumer.on_partitions_revoked, ["self", "revoked"]),
        (consumer.Consumer.wait_empty, ["self"]),
        (consumer.Consumer.commit_and_end_transactions, ["self"]),
        (consumer.Consumer.maybe_wait_for_commit_to_finish, ["self"]),
        (
            manager.TableManager.on_rebalance,
            ["self", "assigned", "revoked", "newly_assigned", "generation_id"],
        ),
        (PartitionAssignor._get_changelog_distribution, ["self", "assignments"]),
        (PartitionAssignor._get_external_topic_distribution, ["self", "assignments"]),
        (recovery.Recovery._wait, ["self", "coro", "timeout"]),
        (recovery.Recovery.on_recovery_completed, ["self", "generation_id"]),
        (Store.apply_changelog_batch, ["self", "batch", "to_key", "to_value"]),
        (Store.persisted_offset, ["self", "tp"]),
        (Store.set_persisted_offset, ["self", "tp", "offset"]),
        (
            Store.on_rebalance,
            ["self", "assigned", "revoked", "newly_assigned", "generation_id"],
        ),
        (faust.Schema.loads_key, ["self", "app", "message", "loads", "serializer"]),
        (faust.Schema.loads_value, ["self", "app", "message", "loads", "serializer"]),
        (faust.App._new_transport, ["self"]),
        (faust.Table._new_store, ["self"]),
        (fetcher.Fetcher.fetched_records, ["self", "partitions", "timeout", "max_records"]),
        (aiokafka.AIOKafkaConsumer.seek, ["self", "partition", "offset"]),
        (aiokafka.AIOKafkaConsumer.seek_to_committed, ["self", "partitions"]),
        (aiokafka.AIOKafkaConsumer.seek_to_beginning, ["self", "partitions"]),
        (subscription_state.Assignment.state_value, ["self", "tp"]),
    ],
    ids=lambda each: each.__qualname__ if callable(each) else "",
)
def test_what_is_overridden_or_called_has_the_signature_it_had(
    function: Callable[..., Any], expected: list[str]
) -> None:
    assert parameters(function) == expected


def written(function: Callable[..., Any]) -> str:
    return inspect.getsource(function)


def test_the_private_names_that_are_set_or_read_still_mean_something() -> None:
    made = written(aiokafka.AIOKafkaConsumer)
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in made
    assert "isolation_level=self._isolation_level" in made
    assert "self._subscription = SubscriptionState" in made
    for name in ("_read_offset", "_committed_offset", "_acked", "_acked_index"):
        assert f"self.{name} = defaultdict" in written(consumer.Consumer.__init__)
    for name in ("has_valid_position", "position"):
        assert isinstance(getattr(subscription_state.TopicPartitionState, name), property)
    for name in ("highwater", "lso", "_position"):
        assert f"self.{name} = None" in written(subscription_state.TopicPartitionState.__init__)
    assert "tp_state.highwater = highwater" in written(fetcher.Fetcher._proc_fetch_request)
    assert "tp_state.lso = lso" in written(fetcher.Fetcher._proc_fetch_request)
    assert isinstance(subscription_state.Assignment.tps, property)
    assert manager.TableManager._recovery is None


def test_heartbeats_begin_once_however_often_they_are_begun() -> None:
    """They are begun before an assignment is dealt with; aiokafka begins them after it."""
    assert "if self._heartbeat_task is None:" in written(
        group_coordinator.GroupCoordinator._start_heartbeat_task
    )
    joining = written(group_coordinator.GroupCoordinator.ensure_active_group)
    steps = ["_stop_heartbeat_task()", "_do_rejoin_group(", "_start_heartbeat_task()"]
    places = [joining.index(step) for step in steps]
    assert places == sorted(places)
    assert "consumer.RebalanceListener(self)" in written(driver.AIOKafkaConsumerThread.__post_init__)


def test_a_coordinator_that_does_not_answer_is_still_forgotten() -> None:
    """Which is how a worker knows that its broker has gone."""
    coordinator = group_coordinator.GroupCoordinator
    assert "self.coordinator_id = None" in written(coordinator.coordinator_dead)
    assert "self.coordinator_dead()" in written(coordinator._send_req)
    assert "self.coordinator_id = coordinator_id" in written(coordinator.ensure_coordinator_known)
    assert "self._coordinator = GroupCoordinator(" in written(aiokafka.AIOKafkaConsumer)


def test_recovery_still_seeks_then_clears_the_queues_then_resumes_the_flow() -> None:
    """Source partitions are held until the last of these; another order would lose records."""
    for finishing in (
        recovery.Recovery.on_recovery_completed,
        recovery.Recovery._resume_streams,
    ):
        source = written(finishing)
        steps = [
            "consumer.resume_partitions(",
            "consumer.perform_seek()",
            "flow_control.resume()",
            "consumer.resume_flow()",
        ]
        places = [source.index(step) for step in steps]
        assert places == sorted(places), finishing.__name__


def test_the_project_pins_exactly_these_versions() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    pins = {
        requirement.name: str(requirement.specifier)
        for requirement in map(Requirement, project["project"]["dependencies"])
    }
    assert pins["faust-streaming"] == f"=={FAUST_VERSION}"
    assert pins["aiokafka"] == f"=={AIOKAFKA_VERSION}"
