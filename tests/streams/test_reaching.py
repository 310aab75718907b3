"""What a client says of its connections leads to the settings to look at."""

import pytest
from confluent_kafka import KafkaError

from streams.reaching import why_unreachable

DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down")
AWAY = KafkaError(KafkaError._TRANSPORT, "Connect to 127.0.0.1:1 failed: Connection refused")


@pytest.mark.parametrize(
    ("said", "begins"),
    [
        ([], "Kafka does not answer: 1/1 brokers are down. Is KAFKA_BOOTSTRAP_SERVERS right?"),
        ([AWAY, DOWN], "Kafka does not answer: Connect to 127.0.0.1:1 failed"),
        (
            [AWAY, KafkaError(KafkaError._AUTHENTICATION, "no")],
            "Kafka refuses the login: no. Are",
        ),
        (
            [KafkaError(KafkaError._SSL, "verify failed")],
            "There is no TLS with Kafka: verify failed.",
        ),
        (
            [KafkaError(KafkaError._TRANSPORT, "Receive failed: bad certificate: SSL alert number 42")],
            "There is no TLS with Kafka: Receive failed",
        ),
    ],
)
def test_the_error_that_says_most_is_told(said: list[KafkaError], begins: str) -> None:
    assert why_unreachable(said, DOWN).startswith(begins)
