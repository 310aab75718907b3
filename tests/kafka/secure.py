"""A broker that lets nobody in without a certificate or a password: TLS, PLAIN, SCRAM, mutual TLS."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.kafka.broker import KafkaBroker, _free_ports, memory
from tests.kafka.certificates import Authority

USER: Final = "engine"
PHRASE: Final = "open-sesame-42"
"""The user's password, and that of the encrypted key: recognisable wherever it appears."""

_SCRAM: Final = (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512)
_ITERATIONS: Final = 4096
_ANSWER_S: Final = 20.0

_LISTENER: Final = """\
listener.name.{name}.ssl.keystore.type=PEM
listener.name.{name}.ssl.keystore.location={certificate}
listener.name.{name}.ssl.truststore.type=PEM
listener.name.{name}.ssl.truststore.location={authority}
"""

_SECURED: Final = """\
listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},\
MUTUAL://127.0.0.1:{mutual},LOGIN://127.0.0.1:{login},MISNAMED://127.0.0.1:{misnamed}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},\
MUTUAL://localhost:{mutual},LOGIN://localhost:{login},MISNAMED://localhost:{misnamed}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,\
MUTUAL:SSL,LOGIN:SASL_SSL,MISNAMED:SSL
listener.name.mutual.ssl.client.auth=required
listener.name.login.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.login.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
listener.name.login.scram-sha-256.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.login.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
"""


class SecureBroker(KafkaBroker):
    """A broker with three more listeners on localhost, each with TLS.

    ``mutual`` asks for a client's certificate, ``login`` for a user and password, and ``misnamed`` shows
    a certificate for another host. The plain one stays, for looking on.
    """

    def __init__(self, certificates: Path) -> None:
        super().__init__(parent=memory())
        self.authority = Authority(certificates)
        self._server = self.authority.issue("broker", "localhost", "127.0.0.1")
        self._misnamed = self.authority.issue("misnamed", "elsewhere.test")
        self._ports = dict(zip(("mutual", "login", "misnamed"), _free_ports(3), strict=True))

    def servers(self, listener: str) -> str:
        """Return where clients of a listener connect."""
        return f"localhost:{self._ports[listener]}"

    def start(self) -> None:
        """Start it and let the user log in."""
        super().start()
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        for mechanism in _SCRAM:
            asked = UserScramCredentialUpsertion(
                USER, ScramCredentialInfo(mechanism, _ITERATIONS), PHRASE.encode()
            )
            for future in admin.alter_user_scram_credentials([asked]).values():
                future.result(_ANSWER_S)

    def _format(self, classpath: str, settings: Path) -> None:
        super()._format(classpath, settings)
        secured = _SECURED.format(
            plain=self.port,
            controller=self.controller_port,
            user=USER,
            password=PHRASE,
            **self._ports,
        )
        for name in self._ports:
            certificate = self._misnamed if name == "misnamed" else self._server
            secured += _LISTENER.format(
                name=name, certificate=certificate, authority=self.authority.file
            )
        # Of a setting that stands twice the last one counts.
        with settings.open("a") as file:
            file.write(secured)


def login_with(broker: SecureBroker, mechanism: str) -> Mapping[str, str]:
    """Return the settings of an engine that logs in with a password."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": broker.servers("login"),
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SSL_CA_LOCATION": str(broker.authority.file),
        "KAFKA_SASL_MECHANISM": mechanism,
        "KAFKA_SASL_USERNAME": USER,
        "KAFKA_SASL_PASSWORD": PHRASE,
    }


def certified_by(broker: SecureBroker) -> Mapping[str, str]:
    """Return the settings of an engine that shows a certificate, its key encrypted."""
    certificate, key = broker.authority.issue_apart("engine", PHRASE)
    return {
        "KAFKA_BOOTSTRAP_SERVERS": broker.servers("mutual"),
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CA_LOCATION": str(broker.authority.file),
        "KAFKA_SSL_CERTIFICATE_LOCATION": str(certificate),
        "KAFKA_SSL_KEY_LOCATION": str(key),
        "KAFKA_SSL_KEY_PASSWORD": PHRASE,
    }
