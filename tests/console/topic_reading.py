"""Reading a topic from outside, as any consumer would."""

from confluent_kafka import Consumer, Message, TopicPartition

from streams.settings import Settings
from streams.topics import Topic


def records_of(settings: Settings, topic: Topic) -> list[Message]:
    """Every record of a topic, partition by partition."""
    reader = Consumer({**settings.client_config(), "group.id": "outside", "log_level": 0})
    name = topic.full_name(settings.namespace)
    found: list[Message] = []
    try:
        for partition in range(settings.partitions):
            _, end = reader.get_watermark_offsets(TopicPartition(name, partition), timeout=10)
            reader.assign([TopicPartition(name, partition, 0)])
            read = 0
            while read < end:
                message = reader.poll(10)
                assert message is not None, f"{name}: {end - read} records did not come"
                assert message.error() is None, message.error()
                found.append(message)
                read += 1
    finally:
        reader.close()
    return found


def count_of_records(settings: Settings, topic: Topic) -> int:
    """How many records a topic holds."""
    reader = Consumer({**settings.client_config(), "group.id": "outside", "log_level": 0})
    name = topic.full_name(settings.namespace)
    try:
        return sum(
            reader.get_watermark_offsets(TopicPartition(name, partition), timeout=10)[1]
            for partition in range(settings.partitions)
        )
    finally:
        reader.close()
