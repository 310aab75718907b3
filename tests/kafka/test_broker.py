"""The real broker of the tests is a whole Kafka: transactions, restarts, kills."""

from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.kafka.broker import KafkaBroker, memory, why_unavailable

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture(scope="module")
def broker() -> Iterator[KafkaBroker]:
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(f"real Apache Kafka: {reason}")
    with KafkaBroker(parent=memory()) as started:
        yield started


def test_the_shared_broker_answers_under_the_address_it_gives(kafka: str) -> None:
    assert AdminClient({"bootstrap.servers": kafka}).list_topics(timeout=10).brokers


def test_a_transaction_is_committed_and_an_aborted_one_is_not_read(
    broker: KafkaBroker, namespace: str
) -> None:
    topic = create_topic(broker, f"{namespace}-transactions")
    producer = Producer({"bootstrap.servers": broker.bootstrap, "transactional.id": namespace})
    producer.init_transactions(30)
    for value, commit in ((b"kept", True), (b"dropped", False), (b"kept too", True)):
        producer.begin_transaction()
        producer.produce(topic, value)
        producer.flush(10)
        if commit:
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)

    assert read(broker, topic, count=2) == [b"kept", b"kept too"]


@pytest.mark.parametrize("end", [KafkaBroker.stop, KafkaBroker.kill], ids=["stopped", "killed"])
def test_what_was_acknowledged_is_there_after_the_broker_comes_back(
    broker: KafkaBroker, namespace: str, end: Callable[[KafkaBroker], None]
) -> None:
    topic = create_topic(broker, f"{namespace}-restart")
    address = broker.bootstrap
    producer = Producer({"bootstrap.servers": address, "acks": "all"})
    producer.produce(topic, b"before")
    assert producer.flush(10) == 0

    end(broker)
    assert not broker.running
    broker.start()

    assert broker.bootstrap == address
    assert read(broker, topic, count=1) == [b"before"]


def create_topic(broker: KafkaBroker, name: str) -> str:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(timeout=10)
    return name


def read(broker: KafkaBroker, topic: str, *, count: int) -> list[bytes | None]:
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": topic,
            "isolation.level": "read_committed",
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    messages: list[Message] = consumer.consume(count, timeout=30)
    consumer.close()
    return [message.value() for message in messages]
