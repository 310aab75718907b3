"""An account lives in the partition that Kafka's own producers put its records in."""

import pytest
from aiokafka.partitioner import murmur2
from confluent_kafka import KafkaError, Message, Producer

from streams.placement import PARTITIONER, partition_of
from tests.domain.builders import ACCOUNT

# From the test of Kafka's own clients: UtilsTest.testMurmur2.
KNOWN = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "expected"), KNOWN.items(), ids=str)
def test_the_hash_is_kafkas_murmur2(key: bytes, expected: int) -> None:
    assert murmur2(key) & 0xFFFFFFFF == expected & 0xFFFFFFFF


@pytest.mark.parametrize(("key", "expected"), KNOWN.items(), ids=str)
def test_a_negative_hash_is_made_positive_as_kafka_does_it(key: bytes, expected: int) -> None:
    """The sign bit is dropped; taking the absolute value would place half of all accounts elsewhere."""
    assert partition_of(key.decode(), 7) == (expected & 0x7FFFFFFF) % 7


@pytest.mark.embedded
def test_a_librdkafka_producer_that_was_told_agrees(servers: str, namespace: str) -> None:
    accounts = [ACCOUNT, "Zoë", "日本", *(f"account-{number}" for number in range(200))]
    placed: dict[str, int] = {}

    def note(error: KafkaError | None, message: Message) -> None:
        key = message.key()
        assert error is None
        assert isinstance(key, bytes)
        placed[key.decode()] = message.partition() or 0

    producer = Producer({"bootstrap.servers": servers, "partitioner": PARTITIONER})
    for account in accounts:
        producer.produce(f"{namespace}.accounts", b"", account.encode(), on_delivery=note)
    assert producer.flush(20) == 0
    assert placed == {account: partition_of(account, 4) for account in accounts}
    assert set(placed.values()) == {0, 1, 2, 3}
