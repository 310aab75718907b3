"""Every tool works over TLS with a password or a certificate, and says what is wrong with them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from streams.settings import load_settings
from tests.console.calling import json_lines
from tests.console.events import activity, group, manual_edit
from tests.integration.harness import Deployment
from tests.integration.processes import Worker
from tests.kafka.broker import why_unavailable
from tests.kafka.certificates import Authority
from tests.kafka.secure import PHRASE, SecureBroker, certified_by, login_with

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

EVENTS = json_lines(
    [
        group("acct-1"),
        activity(1),
        manual_edit("acct-1", {"lead_id": "ana", "operation": "assign", "role": "Influencer"}),
    ]
).decode()


class SecuredDeployment(Deployment):
    """A deployment whose tools reach Kafka by some settings of security."""

    def __init__(self, given: Mapping[str, str], namespace: str, folder: Path) -> None:
        super().__init__(given["KAFKA_BOOTSTRAP_SERVERS"], namespace, folder)
        self._given = given
        changed: dict[str, object] = {name.lower(): value for name, value in given.items()}
        kept = self.settings.model_dump(include={"namespace", "partitions", "session_timeout"})
        self.settings = load_settings(_env_file=None, **changed, **kept)

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self._given}

    def said(self, worker: Worker) -> str:
        """Return a worker's log."""
        return worker.log.read_text(errors="replace")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    """One such broker for the tests of this file."""
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(f"real Apache Kafka: {reason}")
    with SecureBroker(tmp_path_factory.mktemp("certificates")) as broker:
        yield broker


@pytest.mark.parametrize("how", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "certificate"])
def test_topics_worker_publish_and_export_work(
    secure: SecureBroker, namespace: str, tmp_path: Path, how: str
) -> None:
    given = certified_by(secure) if how == "certificate" else login_with(secure, how)
    deployment = SecuredDeployment(given, namespace, tmp_path)
    try:
        created = deployment.command("topics", "create")
        assert created.returncode == 0, created.stderr
        worker = deployment.worker(LOG_LEVEL="debug")
        published = deployment.command("publish", "-", given=EVENTS)
        assert published.returncode == 0, published.stderr
        deployment.wait_consumed()
        exported = deployment.command("export")
        assert exported.returncode == 0, exported.stderr
        (state,) = map(json.loads, exported.stdout.splitlines())
        assert [member["lead_id"] for member in state["members"]] == ["ana"]
        erased = deployment.command("erase", "--account", "acct-1", "--lead", "ana", "--yes")
        assert erased.returncode == 0, erased.stderr
        assert worker.terminate() == 0
        printed = [done.stdout + done.stderr for done in (created, published, exported, erased)]
        assert PHRASE not in "".join(printed) + deployment.said(worker)
    finally:
        deployment.close()


def wrong_password(secure: SecureBroker, folder: Path) -> Mapping[str, str]:
    return {**login_with(secure, "SCRAM-SHA-512"), "KAFKA_SASL_PASSWORD": f"not-{PHRASE}"}


def wrong_plain_password(secure: SecureBroker, folder: Path) -> Mapping[str, str]:
    return {**login_with(secure, "PLAIN"), "KAFKA_SASL_PASSWORD": f"not-{PHRASE}"}


def untrusted_authority(secure: SecureBroker, folder: Path) -> Mapping[str, str]:
    another = Authority(folder, "another").file
    return {**login_with(secure, "PLAIN"), "KAFKA_SSL_CA_LOCATION": str(another)}


def wrong_host_name(secure: SecureBroker, folder: Path) -> Mapping[str, str]:
    return {**certified_by(secure), "KAFKA_BOOTSTRAP_SERVERS": secure.servers("misnamed")}


def no_certificate(secure: SecureBroker, folder: Path) -> Mapping[str, str]:
    return {
        name: value
        for name, value in certified_by(secure).items()
        if not name.startswith(("KAFKA_SSL_CERTIFICATE", "KAFKA_SSL_KEY"))
    }


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (wrong_password, "Kafka refuses the login: "),
        (wrong_plain_password, "Kafka refuses the login: "),
        (untrusted_authority, "There is no TLS with Kafka: "),
        (wrong_host_name, "There is no TLS with Kafka: "),
        (no_certificate, "There is no TLS with Kafka: "),
    ],
)
def test_what_is_refused_is_told_with_the_settings_to_look_at_and_no_secret(
    secure: SecureBroker, namespace: str, tmp_path: Path, wrong: object, said: str
) -> None:
    assert callable(wrong)
    deployment = SecuredDeployment(wrong(secure, tmp_path), namespace, tmp_path)
    for command in ("topics check", "publish -", "export", "worker", "erase --account a --lead l --yes"):
        done = deployment.command(*command.split(), given=EVENTS)
        assert done.returncode == 1, (command, done.stderr)
        lines = [line for line in done.stderr.splitlines() if line]
        assert len(lines) == 1, (command, done.stderr)
        assert lines[0].startswith(said), command
        assert PHRASE not in done.stdout + done.stderr
