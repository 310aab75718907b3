"""With exactly the rights that ``topics acls`` lists tools do their work; without one they do not."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from console.acls import commands_of
from streams.acls import Access, tools_of
from streams.settings import Settings
from streams.topics import DEAD_LETTERS
from tests.console.calling import Commands, Outcome
from tests.integration.comparison import printed
from tests.integration.harness import ROOT, Deployment, Record
from tests.integration.processes import Worker, wait_until
from tests.integration.story import Story
from tests.kafka import jars
from tests.kafka.broker import LIGHT_JVM, Unavailable, why_unavailable
from tests.kafka.secured import ADMIN, SecuredBroker, bindings, environment, password_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

TOOLS: Final = tuple(tool.name for tool in tools_of("any"))
Words: TypeAlias = tuple[str, ...]
FIRST_GROUP: Final = ROOT / "examples" / "first-group.jsonl"
DAY: Final = "2026-11-20"
_CHANGELOG: Final = "engine-lead_day_to_activity-changelog"


@pytest.fixture(scope="module")
def secured() -> Iterator[SecuredBroker]:
    """A Kafka with one user for each tool, none of whom may do anything yet."""
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(f"real Apache Kafka: {reason}")
    try:
        with SecuredBroker(TOOLS) as started:
            yield started
            started.kill()
    except Unavailable as unavailable:
        pytest.skip(f"real Apache Kafka: {unavailable}")


class Guarded(Deployment):
    """A deployment on that Kafka; its commands and workers run as ``user``."""

    def __init__(self, broker: SecuredBroker, namespace: str, folder: Path) -> None:
        super().__init__(broker.bootstrap, namespace, folder)
        self.user = ADMIN
        self.settings = self.settings.model_validate(
            {
                **self.settings.model_dump(),
                "kafka_security_protocol": "SASL_PLAINTEXT",
                "kafka_sasl_username": ADMIN,
                "kafka_sasl_password": password_of(ADMIN),
            }
        )

    @property
    def environment(self) -> dict[str, str]:
        """The environment of this deployment's commands, with a user's name and password."""
        return {**super().environment, **environment(self.user)}

    def by(self, user: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a user."""
        self.user = user
        return self.command(*arguments, patience_s=30)

    def here(self, user: str, *arguments: str) -> Outcome:
        """Run a command as a user, in this process."""
        self.user = user
        own = {
            name: value
            for name, value in self.environment.items()
            if name.lower() in Settings.model_fields
        }
        return Commands(own)(*arguments)

    def worker_of(self, user: str) -> Worker:
        """Start a worker as a user."""
        self.user = user
        return self.starting_worker()


@pytest.fixture
def guarded(secured: SecuredBroker, namespace: str, tmp_path: Path) -> Iterator[Guarded]:
    """A deployment with its topics, on that Kafka."""
    made = Guarded(secured, namespace, tmp_path)
    made.create_topics()
    try:
        yield made
    finally:
        made.close()


def rights_of(namespace: str, tool: str) -> tuple[Access, ...]:
    """What ``topics acls`` lists for a tool."""
    return next(each.accesses for each in tools_of(namespace) if each.name == tool)


def test_with_its_rights_topics_create_creates_and_topics_check_checks(
    secured: SecuredBroker, namespace: str, tmp_path: Path
) -> None:
    fresh = Guarded(secured, namespace, tmp_path)
    for tool in ("topics-create", "topics-check"):
        secured.allow(tool, rights_of(namespace, tool))
    created = fresh.by("topics-create", "topics", "create")
    assert created.returncode == 0, created.stderr
    checked = fresh.by("topics-check", "topics", "check")
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr


def test_with_their_rights_worker_and_tools_make_and_show_a_group(
    secured: SecuredBroker, guarded: Guarded
) -> None:
    namespace = guarded.settings.namespace
    for tool in TOOLS:
        secured.allow(tool, rights_of(namespace, tool))
    worker = guarded.worker_of("worker")
    worker.wait_ready()
    published = guarded.by("publish", "publish", str(FIRST_GROUP))
    assert published.returncode == 0, published.stderr
    # What is in the wrong partition is routed on, what cannot be read becomes a dead letter.
    story = Story(guarded, "acct-900")
    guarded.produce(
        [
            story.activity("misplaced", partition=story.elsewhere),
            Record("lead-activity", b"acct-900", b"nobody can read this", partition=story.home),
        ]
    )
    ticked = guarded.by("tick", "tick", "--as-of", DAY)
    assert ticked.returncode == 0, ticked.stderr
    shown = guarded.by("definitions", "definitions", "show")
    assert shown.returncode == 0, shown.stderr
    exported = guarded.by("export", "export")
    folded = guarded.by("export", "fold", str(FIRST_GROUP), "--as-of", DAY)
    assert exported.returncode == 0, exported.stderr
    assert printed(exported.stdout) == printed(folded.stdout)
    assert len(guarded.read(DEAD_LETTERS)) == 1
    seen = guarded.by("status", "status", "--output", "json")
    told = json.loads(seen.stdout)
    assert (seen.returncode, told["reasons"]) == (0, []), seen.stderr
    assert told["dead_letters"]["reasons"] == {"not_avro": 1}
    assert worker.terminate() == 0


def without(
    secured: SecuredBroker, guarded: Guarded, tool: str, missing: Callable[[Access], bool]
) -> Access:
    """Allow a tool all its rights but the first that is meant; return that one."""
    rights = rights_of(guarded.settings.namespace, tool)
    left_out = next(access for access in rights if missing(access))
    secured.allow(tool, [access for access in rights if access != left_out])
    return left_out


@pytest.mark.parametrize(
    ("operation", "resource", "ending", "told"),
    [
        ("DescribeConfigs", "topic", "dead-letters", "DescribeConfigs on topic {}.dead-letters;"),
        ("Write", "topic", "score-updated", "Write on topic {}.score-updated;"),
        # What it may not read is empty, so nothing else would tell.
        ("Read", "topic", _CHANGELOG, f"Read on topic {{}}.{_CHANGELOG};"),
        ("Write", "topic", _CHANGELOG, f"Write on topic {{}}.{_CHANGELOG};"),
        ("Write", "transactional-id", "engine-", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"),
        ("Read", "topic", "lead-activity", "Read on topic {}.lead-activity;"),
    ],
)
def test_a_worker_without_one_right_stops_and_says_which(
    secured: SecuredBroker, guarded: Guarded, operation: str, resource: str, ending: str, told: str
) -> None:
    without(
        secured,
        guarded,
        "worker",
        lambda each: (
            (each.operation, each.resource) == (operation, resource) and each.name.endswith(ending)
        ),
    )
    worker = guarded.worker_of("worker")
    wait_until(lambda: not worker.running, f"it goes on:\n{worker.log_end()}")
    assert worker.code == 1, worker.log_end()
    assert told.format(guarded.settings.namespace) in worker.log.read_text(), worker.log_end()


def test_what_a_worker_may_not_write_any_more_waits_until_the_right_is_back(
    secured: SecuredBroker, guarded: Guarded
) -> None:
    namespace, name = guarded.settings.namespace, guarded.name(_CHANGELOG)
    rights = rights_of(namespace, "worker")
    secured.allow("worker", rights)
    worker = guarded.worker_of("worker")
    worker.wait_ready()
    taken = [each for each in rights if (each.operation, each.name) == ("Write", name)]
    secured.forbid("worker", taken)
    guarded.produce([Story(guarded).activity("first")])
    wait_until(
        lambda: "TOPIC_AUTHORIZATION_FAILED" in worker.log.read_text(), "the refusal was not told"
    )
    secured.allow("worker", taken)
    # It tries again for two minutes, but ends where nothing was in the transaction that it undoes.
    wait_until(lambda: not worker.running or not guarded.unconsumed(), "it neither goes on nor ends")
    if not worker.running:
        assert worker.code == 1, worker.log_end()
        worker = guarded.worker_of("worker")
        worker.wait_ready()
    guarded.wait_consumed()
    assert worker.terminate() == 0


@pytest.mark.parametrize(
    ("tool", "operation", "resource", "arguments"),
    [
        ("publish", "Write", "topic", ("publish", str(FIRST_GROUP))),
        ("definitions", "Read", "topic", ("definitions", "show")),
        ("definitions", "Describe", "group", ("definitions", "show")),
        ("topics-check", "Describe", "topic", ("topics", "check")),
        ("topics-check", "DescribeConfigs", "topic", ("topics", "check")),
        ("status", "DescribeConfigs", "topic", ("status",)),
        ("status", "Describe", "group", ("status",)),
    ],
)
def test_a_tool_without_one_right_fails_and_with_it_does_not(
    secured: SecuredBroker, guarded: Guarded, tool: str, operation: str, resource: str, arguments: Words
) -> None:
    # Somebody who reads needs the right only where there is something.
    guarded.produce([Record("definitions", b"d", b"nothing", partition=number) for number in range(4)])
    missing = without(
        secured, guarded, tool, lambda each: (each.operation, each.resource) == (operation, resource)
    )
    assert guarded.here(tool, *arguments).code in {1, 4}
    secured.allow(tool, [missing])
    done = guarded.here(tool, *arguments)
    # Without a worker a deployment is not healthy, but it is seen.
    assert done.code == (1 if tool == "status" else 0), done.err
    assert "not allow" not in done.err


@pytest.mark.parametrize(
    ("tool", "operation", "name", "arguments"),
    [
        ("publish", "Write", "lead-activity", ("publish", str(FIRST_GROUP))),
        ("definitions", "Read", "definitions", ("definitions", "show")),
        ("definitions", "Describe", "engine-definitions", ("definitions", "show")),
        ("dead-letters", "Read", "dead-letters", ("dead-letters", "list")),
    ],
)
def test_a_tool_without_one_right_names_it_and_what_prints_all(
    secured: SecuredBroker, guarded: Guarded, tool: str, operation: str, name: str, arguments: Words
) -> None:
    guarded.produce([Record("definitions", b"d", b"nothing", partition=number) for number in range(4)])
    missing = without(
        secured,
        guarded,
        tool,
        lambda each: (each.operation, each.name) == (operation, guarded.name(name)),
    )
    done = guarded.here(tool, *arguments)
    assert done.code == 1
    assert done.err.startswith(f"Kafka does not allow {operation} on {missing.resource} {missing.name};")
    assert "buying-groups topics acls --principal" in done.err


def test_rebuild_has_all_the_rights_that_it_asks_for(secured: SecuredBroker, guarded: Guarded) -> None:
    secured.allow("rebuild", rights_of(guarded.settings.namespace, "rebuild"))
    done = guarded.here("rebuild", "rebuild", "--dry-run")
    # No worker has ever run: there is nothing to plan, which is what it gets to.
    assert "not allow" not in done.err
    assert "could not be read" not in done.err


def test_publish_that_may_see_a_topic_and_not_write_it_says_so(
    secured: SecuredBroker, guarded: Guarded
) -> None:
    name = guarded.name("lead-activity")
    missing = without(secured, guarded, "publish", lambda each: each.name == name)
    secured.allow("publish", [replace(missing, operation="Describe")])
    done = guarded.here("publish", "publish", str(FIRST_GROUP))
    assert done.code == 1
    assert f"Kafka does not allow Write on topic {name};" in done.err
    secured.allow("publish", [missing])
    assert guarded.here("publish", "publish", str(FIRST_GROUP)).code == 0


def test_the_printed_commands_are_taken_by_kafkas_own_tool(
    secured: SecuredBroker, namespace: str, tmp_path: Path
) -> None:
    rights = rights_of(namespace, "export")
    (tmp_path / "admin.properties").write_text(
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config="
        "org.apache.kafka.common.security.plain.PlainLoginModule required"
        f' username="{ADMIN}" password="{password_of(ADMIN)}";\n'
    )
    tool = ["java", "-Xmx128m", *LIGHT_JVM, "-cp", f"{jars.fetch()}/*", "kafka.admin.AclCommand"]
    for line in commands_of(rights, "User:export", secured.bootstrap):
        _, *words = line.split()
        done = subprocess.run(
            [*tool, *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert bindings("export", rights) <= secured.allowed("export")
