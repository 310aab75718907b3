"""A batch's rows and outputs arrive together or not at all, and only from a partition's last owner."""

import random
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from streams import metrics
from streams.admin import create_topics
from streams.delivery import Delivery, DeliveryError, Fenced, Outgoing, PartitionProducer, _whose
from streams.settings import Settings
from tests.faults.cluster import RefusingBroker
from tests.streams.copying import NOWHERE, TABLE, settings_of

CHANGELOG = f"engine-{TABLE}-changelog"
SCORES = "score-updated"
_TRIES = 200


def producer_of(settings: Settings, partition: int = 0) -> PartitionProducer:
    producer = PartitionProducer(
        settings.client_config(), f"{settings.app_id}-{partition}", settings.namespace
    )
    producer.open()
    return producer


def batch(name: bytes, partition: int = 0) -> Delivery:
    return Delivery(
        rows=[(TABLE, b'["' + name + b'"]', b"row of " + name)],
        records=[Outgoing(SCORES, name, b"output of " + name, partition)],
    )


def deliver(
    producer: PartitionProducer, settings: Settings, delivery: Delivery, partition: int = 0
) -> dict[tuple[str, int], int]:
    def changelog(table: str) -> str:
        return f"{settings.namespace}.engine-{table}-changelog"

    return dict(producer.deliver(partition, delivery, changelog))


def read(settings: Settings, topic: str) -> list[bytes | None]:
    """Return the committed values of partition 0."""
    consumer = Consumer(
        {
            **settings.client_config(),
            "group.id": f"{settings.namespace}.test",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(f"{settings.namespace}.{topic}", 0, 0)])
    values: list[bytes | None] = []
    try:
        while True:
            message = consumer.poll(20)
            assert message is not None, "the broker does not answer"
            error = message.error()
            if error is None:
                values.append(message.value())
            else:
                assert error.code() == KafkaError._PARTITION_EOF, error.str()
                return values
    finally:
        consumer.close()


@pytest.fixture
def real(kafka: str, namespace: str) -> Settings:
    """A deployment with two partitions on a real Kafka."""
    settings = settings_of(kafka, namespace, partitions=2)
    create_topics(settings)
    return settings


@pytest.mark.embedded
def test_a_delivery_returns_the_last_offset_of_each_changelog_it_wrote(
    servers: str, namespace: str
) -> None:
    settings = settings_of(servers, namespace)
    producer = producer_of(settings)
    name = f"{namespace}.{CHANGELOG}"
    timed = metrics.COMMIT_SECONDS._buckets
    before = sum(bucket.get() for bucket in timed)
    rows = [(TABLE, b'["a"]', b"1"), (TABLE, b'["b"]', None), ("lead_to_score", b'["a"]', b"2")]

    assert deliver(producer, settings, Delivery(rows=rows), 3) == {
        (name, 3): 1,
        (f"{namespace}.engine-lead_to_score-changelog", 3): 0,
    }
    # The commit marker has an offset too.
    assert deliver(producer, settings, Delivery(rows=rows[:1]), 3) == {(name, 3): 3}
    assert deliver(producer, settings, Delivery(records=[Outgoing(SCORES, b"a", b"1")]), 3) == {}
    assert sum(bucket.get() for bucket in timed) == before + 3
    producer.close()


@pytest.mark.embedded
def test_more_than_kafkas_usual_megabyte_can_go_out(servers: str, namespace: str) -> None:
    """A broker counts compressed bytes: what came in may be larger than a client's usual limit."""
    settings = settings_of(servers, namespace)
    producer = producer_of(settings)
    delivery = Delivery(records=[Outgoing("dead-letters", b"key", b"x" * 3_000_000)])
    assert deliver(producer, settings, delivery) == {}
    producer.close()


def test_a_broker_that_cannot_be_reached_is_told_as_a_delivery_error(
    monkeypatch: pytest.MonkeyPatch, namespace: str
) -> None:
    monkeypatch.setattr("streams.delivery._OPEN_TIMEOUT_S", 0.2)
    settings = settings_of("127.0.0.1:1", namespace)
    with pytest.raises(DeliveryError):
        producer_of(settings)


@pytest.mark.kafka
def test_of_a_delivery_that_failed_nothing_is_seen_and_the_next_one_goes_through(
    real: Settings,
) -> None:
    producer = producer_of(real)
    failing = batch(b"bad")
    failing.records.append(Outgoing(SCORES, b"bad", b"nowhere", NOWHERE))
    with pytest.raises(DeliveryError):
        deliver(producer, real, failing)
    deliver(producer, real, batch(b"good"))
    producer.close()

    assert read(real, CHANGELOG) == [b"row of good"]
    assert read(real, SCORES) == [b"output of good"]


@pytest.mark.kafka
def test_what_the_broker_refuses_undoes_the_whole_delivery(real: Settings) -> None:
    producer = producer_of(real)
    too_large = batch(b"bad")
    incompressible = random.Random(1).randbytes(2_000_000)
    too_large.records.append(Outgoing(SCORES, b"bad", incompressible, 0))
    with pytest.raises(DeliveryError, match="MSG_SIZE_TOO_LARGE"):
        deliver(producer, real, too_large)
    producer.close()

    assert read(real, CHANGELOG) == []
    assert read(real, SCORES) == []


@pytest.mark.parametrize(
    ("topic", "key", "whose"),
    [
        ("engine-lead_to_profile-changelog", b'["acme","ada@acme.test"]', " of 'acme'"),
        ("engine-group_lead_to_decisions-changelog", b'["acme","g-1","ada"]', " of 'acme'"),
        ("engine-partition_to_definition-changelog", b'[3,"role:ada"]', " of 3"),
        (SCORES, b"acme", " of 'acme'"),
        ("buying-group-state", b"g-1", " of 'g-1'"),
        ("control", b"3", " of '3'"),
        ("dead-letters", b"ada@acme.test", ""),
        ("definitions", b"role:ada", ""),
        ("of-somebody-else", b"ada@acme.test", ""),
    ],
)
def test_whose_a_refused_record_is_may_be_said_and_never_which_leads(
    topic: str, key: bytes, whose: str
) -> None:
    assert _whose(topic, key) == whose


@pytest.mark.kafka
@pytest.mark.parametrize("topic", [SCORES, CHANGELOG], ids=["output", "changelog"])
def test_from_the_second_try_on_the_record_that_is_refused_is_named(
    refusing: RefusingBroker, namespace: str, topic: str
) -> None:
    """With its topic, account, size and the reason; what only was in the same transaction is not."""
    settings = settings_of(refusing.bootstrap, namespace, partitions=2)
    create_topics(settings)
    name = f"{namespace}.{topic}"
    refusing.refuse(name, "too_large")
    producer = producer_of(settings)
    value = random.Random(1).randbytes(2000)
    delivery = Delivery(rows=[(TABLE, b'["bad"]', value)], records=[Outgoing(SCORES, b"bad", value, 0)])

    def again() -> DeliveryError:
        with pytest.raises(DeliveryError) as refused:
            deliver(producer, settings, delivery)
        return refused.value

    first = again()
    assert "MSG_SIZE_TOO_LARGE" in str(first)
    second = again()
    assert str(second).startswith(
        f"{name} [0]: a record of 'bad' of 2000 bytes is refused: MSG_SIZE_TOO_LARGE: "
    )
    assert "bad" not in second.cause, "what anybody may read names no account"

    # The broker takes a moment to follow.
    refusing.allow(name, "too_large", None)
    for _ in range(_TRIES):
        try:
            deliver(producer, settings, delivery)
        except DeliveryError:
            time.sleep(0.1)
        else:
            break
    producer.close()
    assert read(settings, topic) == [value]


@pytest.mark.kafka
def test_opening_a_partition_fences_whoever_wrote_for_it_before(real: Settings) -> None:
    before = producer_of(real)
    deliver(before, real, batch(b"before"))
    after = producer_of(real)

    with pytest.raises(Fenced):
        deliver(before, real, batch(b"zombie"))
    deliver(after, real, batch(b"after"))
    before.close()
    after.close()

    assert read(real, CHANGELOG) == [b"row of before", b"row of after"]
    assert read(real, SCORES) == [b"output of before", b"output of after"]


@pytest.mark.kafka
def test_a_transaction_left_open_is_undone_when_the_partition_is_opened(real: Settings) -> None:
    dying = producer_of(real)
    dying._producer.begin_transaction()
    dying._producer.produce(f"{real.namespace}.{CHANGELOG}", b"half", b"half", partition=0)
    dying._producer.flush(20)

    heir = producer_of(real)
    deliver(heir, real, batch(b"whole"))
    heir.close()

    assert read(real, CHANGELOG) == [b"row of whole"]


@pytest.mark.kafka
def test_the_partitions_of_a_deployment_do_not_fence_each_other(real: Settings) -> None:
    first, second = producer_of(real, 0), producer_of(real, 1)
    deliver(first, real, batch(b"first", 0), 0)
    deliver(second, real, batch(b"second", 1), 1)
    deliver(first, real, batch(b"first again", 0), 0)
    first.close()
    second.close()
    assert read(real, SCORES) == [b"output of first", b"output of first again"]


@pytest.mark.embedded
def test_closing_ends_librdkafkas_threads_though_somebody_still_has_the_producer(
    servers: str, namespace: str
) -> None:
    """Who holds it may wait for Python's next full collection, which may be many rebalances away."""
    tasks = Path("/proc/self/task")
    settings = settings_of(servers, namespace)
    before = {task.name for task in tasks.iterdir()}
    producer = producer_of(settings)
    opened = {task.name for task in tasks.iterdir()} - before
    assert opened
    producer.close()
    assert not opened & {task.name for task in tasks.iterdir()}
