"""Log lines say what happened and where, and quote neither a record nor a password."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.console.calling import ROOT, Commands
from tests.console.test_cli_help import EVERY

LEAD = "Adalbertina"
PHRASE = "open sesame"

LOGGING = f"""
import logging, structlog
from console.logs import configure_logs
from streams.settings import load_settings
configure_logs(load_settings(_env_file=None))
ours, theirs = structlog.get_logger("agents.worker"), logging.getLogger("mode")

def fail(error):
    profile = {{"first_name": "{LEAD}"}}
    raise error

def caught(error):
    try:
        fail(error)
    except Exception as found:
        return found
"""


def logged(code: str, log_format: str = "json", level: str = "debug") -> str:
    """What a process writes to standard error that is set up as a worker and runs some code."""
    return subprocess.run(
        [sys.executable, "-c", LOGGING + code],
        cwd=ROOT,
        env={"LOG_FORMAT": log_format, "LOG_LEVEL": level},
        capture_output=True,
        text=True,
        check=True,
    ).stderr


def entry(code: str, **settings: str) -> dict[str, Any]:
    (line,) = logged(code, **settings).splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_places_and_no_variables(log_format: str) -> None:
    said = logged(
        """
try:
    fail(RuntimeError("out of threads"))
except RuntimeError:
    ours.exception("records could not be read", topic="accounts")
""",
        log_format,
    )
    assert "records could not be read" in said
    assert "RuntimeError: out of threads" in said
    assert "in fail" in said
    assert LEAD not in said


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize(
    "logs",
    [
        "ours.exception('lane stopped', exc_info=error)",
        "theirs.error('Crashed', exc_info=error)",
        "theirs.error('Crashed reason=%r', error)",
        "theirs.error('Crashed reason=%s in %s', error, 'app')",
    ],
)
@pytest.mark.parametrize("kind", ["KeyError", "ValueError", "AssertionError"])
def test_an_errors_text_that_may_quote_a_record_is_left_out(
    kind: str, logs: str, log_format: str
) -> None:
    said = logged(f"error = caught({kind}('{LEAD}'))\n{logs}", log_format)
    assert f"{kind}" in said
    assert LEAD not in said


def test_every_cause_is_told_and_none_of_them_quotes() -> None:
    said = entry(
        f"""
from streams.delivery import DeliveryError
try:
    try:
        fail(KeyError("{LEAD}"))
    except KeyError as cause:
        raise DeliveryError("the broker is away") from cause
except DeliveryError:
    ours.exception("lane stopped")
"""
    )["exception"]
    first, second = said.split("The above was the direct cause of:")
    assert "\nKeyError (its text may quote a record and is not logged)" in first
    assert "streams.delivery.DeliveryError: the broker is away" in second
    assert LEAD not in said


def test_what_a_library_says_of_the_system_is_kept() -> None:
    said = entry("theirs.error('Crashed reason=%r', ConnectionError('127.0.0.1:9092 is away'))")
    assert said["event"] == "Crashed reason='127.0.0.1:9092 is away'"


@pytest.mark.parametrize("level", ["debug", "info"])
def test_requests_and_responses_are_never_logged(level: str) -> None:
    said = logged(
        f"logging.getLogger('aiokafka.conn').debug('Request: %s', '{PHRASE}')\n"
        "logging.getLogger('aiokafka.conn').error('Broken')",
        level=level,
    )
    assert PHRASE not in said
    assert "Broken" in said


def test_no_help_and_no_error_line_shows_a_secret(commands: Commands) -> None:
    url = f"http://ada:{PHRASE.replace(' ', '-')}@127.0.0.1:1"
    secrets = {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA_SASL_USERNAME": "ada",
        "KAFKA_SASL_PASSWORD": PHRASE,
        "KAFKA_SSL_KEY_PASSWORD": PHRASE,
        "SCHEMA_REGISTRY_URL": url,
        "REDIS_URL": f"redis://:{PHRASE.replace(' ', '-')}@127.0.0.1",
    }
    commands.environment = secrets
    said = [commands(*command, "--help") for command in [(), *EVERY]]
    commands.environment |= {"NAMESPACE": "a b", "BATCH_SIZE": "many", "KAFKA_SASL_MECHANISM": PHRASE}
    for command in ("worker", "export", "tick --as-of 2026-11-21", "topics check"):
        done = commands(*command.split())
        assert done.code == 2
        assert "NAMESPACE" in done.err
        said.append(done)
    assert not [each for each in said if "sesame" in each.out + each.err]
