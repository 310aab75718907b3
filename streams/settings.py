"""Settings, read from the environment and an optional ``.env`` file.

Every field is an environment variable of the same name in upper case; ``.env.example`` shows them all.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from streams.tls import client_context

EMBEDDED_PARTITIONS = 4
"""The embedded Kafka creates every topic with this many partitions."""


_LAST_PORT = 65_535


def _servers(value: str) -> str:
    for server in value.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) <= _LAST_PORT:
            msg = f"{server.strip()!r} is not host:port"
            raise ValueError(msg)
    return value


def _file(value: Path) -> Path:
    if not value.is_file():
        msg = f"{value} is not a file"
        raise ValueError(msg)
    return value


PemFile = Annotated[Path, AfterValidator(_file)]


def _redis(value: str) -> str:
    if not value.startswith(("redis://", "rediss://", "unix://")):
        msg = "must start with redis://, rediss:// or unix://"
        raise ValueError(msg)
    return value


def _http(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        msg = "must start with http:// or https://"
        raise ValueError(msg)
    try:
        port = urlsplit(value).port
    except ValueError:
        port = 0
    if port == 0:
        # Not quoted: what is taken for the port may be a piece of a password.
        msg = "must be http(s)://host:port or http(s)://user:password@host:port, / and @ as %2F, %40"
        raise ValueError(msg)
    return value


class SettingsError(Exception):
    """Settings that cannot be used; ``lines`` says what is wrong, one line each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Settings(BaseSettings):
    """One deployment (tenant) of the engine. Without ``kafka_bootstrap_servers`` Kafka is embedded."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    kafka_bootstrap_servers: Annotated[str, AfterValidator(_servers)] | None = Field(
        None, description="Kafka brokers, host:port separated by commas; empty: embedded Kafka"
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how to talk to the brokers"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", description="SASL mechanism, with a SASL protocol"
    )
    kafka_sasl_username: str | None = Field(None, description="SASL user")
    kafka_sasl_password: SecretStr | None = Field(None, description="SASL password")
    kafka_ssl_ca_location: PemFile | None = Field(None, description="PEM file of trusted authorities")
    kafka_ssl_certificate_location: PemFile | None = Field(None, description="PEM client certificate")
    kafka_ssl_key_location: PemFile | None = Field(None, description="PEM client key")
    kafka_ssl_key_password: SecretStr | None = Field(None, description="password of the client key")
    namespace: str = Field(
        "bg",
        pattern=r"^[a-zA-Z0-9_-]{1,64}$",
        description="tenant: prefix of topics, consumer group and Redis keys",
    )
    partitions: int = Field(
        EMBEDDED_PARTITIONS, ge=1, le=1024, description="partitions of every account-keyed topic"
    )
    replication_factor: int = Field(1, ge=1, le=9, description="replicas of every topic")
    redis_url: Annotated[str, AfterValidator(_redis)] | None = Field(
        None, repr=False, description="Redis for the read model; not used by the worker yet"
    )
    schema_registry_url: Annotated[str, AfterValidator(_http)] | None = Field(
        None,
        repr=False,
        description="Confluent Schema Registry; empty: the committed schemas with fixed ids",
    )
    data_folder: Path = Field(Path(".data"), description="where the worker may keep local files")
    session_timeout: float = Field(
        20.0, ge=6, le=300, description="seconds until a silent worker's partitions move on"
    )
    batch_size: int = Field(
        5000, ge=1, le=50_000, description="about so many records are folded into one transaction"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="log level")
    log_format: Literal["console", "json"] = Field(
        "console", description="console for people, json for machines"
    )
    day_ticks: Literal["on", "off"] = Field(
        "on", description="off: the worker does not move the day on by itself"
    )
    metrics_port: int | None = Field(
        None, ge=1, le=_LAST_PORT, description="serve health and Prometheus metrics on this port"
    )
    metrics_host: str = Field(
        "127.0.0.1", min_length=1, description="address to serve health and metrics on"
    )
    replay: bool = Field(
        False, description="mark outputs of records older than the worker's start as replay"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.kafka_security_protocol.startswith("SASL") and not (
            self.kafka_sasl_username and self.kafka_sasl_password
        ):
            msg = "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are needed with a SASL protocol"
            raise ValueError(msg)
        if self.kafka_security_protocol.endswith("SSL"):
            self.tls()
        if self.kafka_bootstrap_servers is None and self.partitions != EMBEDDED_PARTITIONS:
            msg = (
                f"PARTITIONS must be {EMBEDDED_PARTITIONS} with the embedded Kafka;"
                " set KAFKA_BOOTSTRAP_SERVERS for another number"
            )
            raise ValueError(msg)
        return self

    @property
    def app_id(self) -> str:
        """Return the consumer group id, which is also the stem of transactional ids."""
        return f"{self.namespace}.engine"

    def tls(self) -> ssl.SSLContext:
        """Return how a client of these brokers does TLS.

        Raises:
            UnusableFile: one of the files cannot be used.
        """
        password = self.kafka_ssl_key_password
        return client_context(
            self.kafka_ssl_ca_location,
            self.kafka_ssl_certificate_location,
            self.kafka_ssl_key_location,
            None if password is None else password.get_secret_value(),
        )

    def client_config(self) -> dict[str, str]:
        """Return the connection settings of a librdkafka client.

        Raises:
            SettingsError: no brokers are set.
        """
        if self.kafka_bootstrap_servers is None:
            raise SettingsError(["KAFKA_BOOTSTRAP_SERVERS is not set: which Kafka is meant?"])
        config = {
            "bootstrap.servers": self.kafka_bootstrap_servers,
            "security.protocol": self.kafka_security_protocol.lower(),
        }
        if self.kafka_security_protocol.startswith("SASL"):
            config["sasl.mechanism"] = self.kafka_sasl_mechanism
            config["sasl.username"] = self.kafka_sasl_username or ""
            config["sasl.password"] = _revealed(self.kafka_sasl_password)
        if self.kafka_security_protocol.endswith("SSL"):
            for name, location in (
                ("ssl.ca.location", self.kafka_ssl_ca_location),
                ("ssl.certificate.location", self.kafka_ssl_certificate_location),
                # One file may hold both.
                ("ssl.key.location", self.kafka_ssl_key_location or self.kafka_ssl_certificate_location),
            ):
                if location is not None:
                    config[name] = str(location)
            if self.kafka_ssl_key_password is not None:
                config["ssl.key.password"] = _revealed(self.kafka_ssl_key_password)
        return config

    def reader_config(self, reads_as: str) -> dict[str, Any]:
        """Return the settings of a librdkafka client that reads committed records and joins no group.

        Raises:
            SettingsError: no brokers are set.
        """
        return {
            **self.client_config(),
            "client.id": f"{self.namespace}.{reads_as}",
            # librdkafka asks for one; nothing is joined or committed under it.
            "group.id": f"{self.app_id}-{reads_as}",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            # Where retention has taken the beginning, what is left is read.
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "log_level": 0,
        }


def load_settings(**overrides: object) -> Settings:
    """Read the settings; ``overrides`` by field name come before the environment.

    Raises:
        SettingsError: one line for each setting that cannot be used.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError([_line(row["loc"], row["msg"]) for row in error.errors()]) from None


def _line(location: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    name = str(location[0]).upper() if location else ""
    return f"{name}: {message}" if name else message


def _revealed(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
