"""The embedded Kafka is a broker of its own for as long as it lives."""

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.embedded import EmbeddedKafka
from streams.settings import EMBEDDED_PARTITIONS
from streams.topics import ALL_TOPICS

pytestmark = pytest.mark.embedded


def test_it_creates_every_topic_with_the_partitions_the_settings_say(
    embedded: EmbeddedKafka, namespace: str
) -> None:
    embedded.create_topics(namespace)
    found = AdminClient({"bootstrap.servers": embedded.bootstrap_servers}).list_topics(timeout=10)
    for topic in ALL_TOPICS:
        assert len(found.topics[topic.full_name(namespace)].partitions) == EMBEDDED_PARTITIONS


def test_it_keeps_what_is_published(servers: str, namespace: str) -> None:
    producer = Producer({"bootstrap.servers": servers})
    producer.produce(f"{namespace}.accounts", b"value", b"key", partition=2)
    assert producer.flush(10) == 0
    consumer = Consumer({"bootstrap.servers": servers, "group.id": namespace})
    consumer.assign([TopicPartition(f"{namespace}.accounts", 2, 0)])
    message = consumer.poll(20)
    consumer.close()
    assert message is not None
    assert (message.key(), message.value()) == (b"key", b"value")


def test_two_are_strangers_and_one_that_was_stopped_is_gone() -> None:
    with EmbeddedKafka() as first, EmbeddedKafka() as second:
        assert first.bootstrap_servers != second.bootstrap_servers
        first.create_topics("first")
        others = AdminClient({"bootstrap.servers": second.bootstrap_servers}).list_topics(timeout=10)
        assert not others.topics
    first.create_topics("after its end")
    first.stop()
