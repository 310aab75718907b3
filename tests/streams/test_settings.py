"""Settings come from the environment, and a wrong one is told in one line."""

from pathlib import Path
from typing import Any

import faust
import pytest
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from streams.app import build_app
from streams.settings import EMBEDDED_PARTITIONS, Settings, SettingsError, load_settings
from tests.kafka.certificates import Authority
from tests.streams.copying import Copy, settings_of

PHRASE = "open sesame"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def lines(**given: Any) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load_settings(**given)
    assert str(refused.value) == "\n".join(refused.value.lines)
    return refused.value.lines


def test_without_any_setting_kafka_is_embedded() -> None:
    settings = load_settings()
    assert settings.kafka_bootstrap_servers is None
    assert settings.partitions == EMBEDDED_PARTITIONS
    assert (settings.namespace, settings.app_id) == ("bg", "bg.engine")
    assert settings.day_ticks == "on"
    assert not settings.replay
    assert settings.metrics_port is None


def test_every_setting_is_an_environment_variable_of_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "a:9092, b:9093")
    monkeypatch.setenv("PARTITIONS", "12")
    monkeypatch.setenv("NAMESPACE", "")
    settings = load_settings()
    assert settings.client_config() == {
        "bootstrap.servers": "a:9092, b:9093",
        "security.protocol": "plaintext",
    }
    assert settings.partitions == 12
    assert settings.namespace == "bg", "an empty variable is one that is not set"


def test_a_file_in_the_working_directory_is_read_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NAMESPACE=acme\nSOMETHING_ELSE=1\n")
    assert load_settings().namespace == "acme"


def test_what_a_command_gives_comes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NAMESPACE", "environment")
    assert load_settings(namespace="given").namespace == "given"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"kafka_bootstrap_servers": "kafka"}, "KAFKA_BOOTSTRAP_SERVERS: 'kafka' is not host:port"),
        (
            {"kafka_bootstrap_servers": "a:9092,b:http"},
            "KAFKA_BOOTSTRAP_SERVERS: 'b:http' is not host:port",
        ),
        (
            {"kafka_bootstrap_servers": "a:65536"},
            "KAFKA_BOOTSTRAP_SERVERS: 'a:65536' is not host:port",
        ),
        ({"kafka_bootstrap_servers": ":9092"}, "KAFKA_BOOTSTRAP_SERVERS: ':9092' is not host:port"),
        ({"redis_url": "localhost"}, "REDIS_URL: must start with redis://, rediss:// or unix://"),
        (
            {"schema_registry_url": "localhost:8081"},
            "SCHEMA_REGISTRY_URL: must start with http:// or https://",
        ),
        (
            {"schema_registry_url": "http://ada:open/sesame@registry:8081"},
            "SCHEMA_REGISTRY_URL: must be http(s)://host:port or http(s)://user:password@host:port",
        ),
        ({"namespace": "a.b"}, "NAMESPACE: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"),
        ({"batch_size": "many"}, "BATCH_SIZE: Input should be a valid integer"),
        ({"session_timeout": 1}, "SESSION_TIMEOUT: Input should be greater than or equal to 6"),
        ({"day_ticks": "never"}, "DAY_TICKS: Input should be 'on' or 'off'"),
        (
            {"partitions": 8},
            "PARTITIONS must be 4 with the embedded Kafka; set KAFKA_BOOTSTRAP_SERVERS for another",
        ),
        (
            {"kafka_security_protocol": "SASL_SSL", "kafka_sasl_username": "ada"},
            "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are needed with a SASL protocol",
        ),
        (
            {"kafka_ssl_ca_location": "/no/such/ca.pem"},
            "KAFKA_SSL_CA_LOCATION: /no/such/ca.pem is not a file",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else ",".join(value),
)
def test_a_wrong_setting_is_told_in_one_line(given: dict[str, Any], line: str) -> None:
    (told,) = lines(**given)
    assert told.startswith(line)
    assert "\n" not in told
    assert "open" not in told


def test_several_wrong_settings_are_all_told_at_once() -> None:
    told = lines(namespace="a b", batch_size=0, redis_url="x")
    assert [line.split(":")[0] for line in told] == ["NAMESPACE", "REDIS_URL", "BATCH_SIZE"]


def test_a_client_needs_brokers() -> None:
    with pytest.raises(SettingsError, match="KAFKA_BOOTSTRAP_SERVERS is not set"):
        load_settings().client_config()
    with pytest.raises(SettingsError, match="KAFKA_BOOTSTRAP_SERVERS is not set"):
        build_app(load_settings(), lambda _: Copy)


def test_settings_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().namespace = "other"  # type: ignore[misc]


def test_passwords_do_not_show(tmp_path: Path) -> None:
    settings = settings_of(
        "kafka:9093",
        "acme",
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_username="ada",
        kafka_sasl_password=PHRASE,
    )
    assert PHRASE not in repr(settings)
    assert settings.client_config() == {
        "bootstrap.servers": "kafka:9093",
        "security.protocol": "sasl_plaintext",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "ada",
        "sasl.password": PHRASE,
    }


def test_no_secret_shows_in_a_repr(tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).issue_apart("engine", PHRASE)
    settings = settings_of(
        "kafka:9093",
        "acme",
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_username="ada",
        kafka_sasl_password=PHRASE,
        kafka_ssl_certificate_location=certificate,
        kafka_ssl_key_location=key,
        kafka_ssl_key_password=PHRASE,
        schema_registry_url=f"http://ada:{PHRASE}@registry:8081",
        redis_url=f"redis://:{PHRASE}@redis",
    )
    assert PHRASE not in f"{settings} {settings!r}"


def test_librdkafka_is_given_the_files_of_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue_apart("engine", PHRASE)
    settings = settings_of(
        "kafka:9093",
        "acme",
        kafka_security_protocol="SSL",
        kafka_ssl_ca_location=authority.file,
        kafka_ssl_certificate_location=certificate,
        kafka_ssl_key_location=key,
        kafka_ssl_key_password=PHRASE,
    )
    assert settings.client_config() == {
        "bootstrap.servers": "kafka:9093",
        "security.protocol": "ssl",
        "ssl.ca.location": str(authority.file),
        "ssl.certificate.location": str(certificate),
        "ssl.key.location": str(key),
        "ssl.key.password": PHRASE,
    }


def test_a_certificate_and_its_key_may_stand_in_one_file(tmp_path: Path) -> None:
    both = Authority(tmp_path).issue("engine")
    settings = settings_of(
        "kafka:9093", "acme", kafka_security_protocol="SSL", kafka_ssl_certificate_location=both
    )
    config = settings.client_config()
    assert config["ssl.certificate.location"] == config["ssl.key.location"] == str(both)


@pytest.mark.parametrize("password", [None, "another"])
def test_a_key_that_does_not_open_is_told_without_its_password_and_nobody_is_asked(
    tmp_path: Path, password: str | None
) -> None:
    certificate, key = Authority(tmp_path).issue_apart("engine", PHRASE)
    (told,) = lines(
        kafka_security_protocol="SSL",
        kafka_ssl_certificate_location=certificate,
        kafka_ssl_key_location=key,
        kafka_ssl_key_password=password,
    )
    assert told.startswith(
        "KAFKA_SSL_CERTIFICATE_LOCATION, KAFKA_SSL_KEY_LOCATION, KAFKA_SSL_KEY_PASSWORD: "
    )
    assert "another," not in told
    assert PHRASE not in told


def test_files_that_are_none_of_tls_are_told(tmp_path: Path) -> None:
    text = tmp_path / "text.pem"
    text.write_text("no certificate\n")
    authority = Authority(tmp_path)
    first, second = authority.issue("first"), authority.issue("second")
    ssl: dict[str, Any] = {"kafka_security_protocol": "SSL"}
    (told,) = lines(**ssl, kafka_ssl_ca_location=text)
    assert told.startswith(f"KAFKA_SSL_CA_LOCATION: {text} has no certificate in PEM form: ")
    (told,) = lines(**ssl, kafka_ssl_key_location=first)
    assert told == "KAFKA_SSL_CERTIFICATE_LOCATION is needed with KAFKA_SSL_KEY_LOCATION"
    (told,) = lines(**ssl, kafka_ssl_certificate_location=first, kafka_ssl_key_location=second)
    assert f"{first} and {second} are no certificate and its key" in told
    assert load_settings(kafka_ssl_ca_location=text).namespace == "bg", "not read without TLS"


@pytest.mark.parametrize(
    ("protocol", "encrypted"), [("SASL_PLAINTEXT", False), ("SASL_SSL", True), ("SSL", True)]
)
def test_the_consumer_speaks_to_the_brokers_as_the_producers_do(protocol: str, encrypted: bool) -> None:
    settings = settings_of(
        "kafka:9093",
        "acme",
        kafka_security_protocol=protocol,
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_sasl_username="ada",
        kafka_sasl_password=PHRASE,
    )
    credentials = build_app(settings, lambda _: Copy).conf.broker_credentials
    given = credentials_to_aiokafka_auth(credentials, None)
    assert given["security_protocol"] == protocol
    assert (given["ssl_context"] is not None) == encrypted
    if isinstance(credentials, faust.SASLCredentials):
        assert given["sasl_mechanism"] == "SCRAM-SHA-512"
        assert given["sasl_plain_username"] == "ada"
        assert given["sasl_plain_password"] == PHRASE
    else:
        assert protocol == "SSL"
