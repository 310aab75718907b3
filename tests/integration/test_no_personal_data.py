"""No log line, metric or answer of a worker shows anything of a lead, at any log level."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from schemas import inputs
from streams.topics import DEAD_LETTERS, MEMBERSHIP_CHANGED, changelog_name
from tests.faults.cluster import RefusingBroker
from tests.integration.broken import FUTURE
from tests.integration.harness import Deployment, Record
from tests.integration.person import CUSTOM, LEAD, PROFILE, broken, found_in, life, profile
from tests.integration.processes import PATIENCE_S, Worker, wait_until
from tests.integration.story import ACCOUNT, HOME, Story

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

ELSEWHERE: Final = (HOME + 1) % 4
REFUSED: Final = (DEAD_LETTERS.name, MEMBERSHIP_CHANGED.name, changelog_name("lead_to_profile"))


@pytest.fixture
def own(refusing: RefusingBroker, namespace: str, tmp_path: Path) -> Iterator[Deployment]:
    """A deployment without workers on that broker."""
    deployment = Deployment(refusing.bootstrap, namespace, tmp_path)
    deployment.create_topics()
    try:
        yield deployment
    finally:
        deployment.close()


def answers(worker: Worker) -> str:
    """Return all that a worker says over HTTP."""
    said = []
    for path in ("/metrics", "/livez", "/readyz"):
        try:
            address = f"http://127.0.0.1:{worker._metrics_port}{path}"
            with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
                said.append(answer.read().decode())
        except urllib.error.HTTPError as failing:
            said.append(failing.read().decode())
    return "".join(said)


def unusable(deployment: Deployment) -> Iterator[Record]:
    """Yield records of the lead that are refused, each in another way."""
    yield broken(deployment, ACCOUNT)
    yield Record("lead-activity", LEAD.encode(), PROFILE["email"].encode(), partition=HOME)
    future = inputs.LeadProfile(
        event_id="future", account_id=ACCOUNT, lead_id=LEAD, updated_at=FUTURE, custom=CUSTOM
    )
    yield deployment.record("lead-profiles", future)
    story = Story(deployment)
    whole = story.group("unusable", created=1)
    assert whole.value is not None
    group = deployment.codec.decode("buying-groups", whole.value)
    assert isinstance(group, inputs.BuyingGroup)
    role = inputs.Role(role="Champion", auto_assign=f'{{"field": "{PROFILE["email"]}"}}')
    template = inputs.RoleTemplate(id="t", version=1, name="t", roles=[role])
    yield deployment.record("buying-groups", group.model_copy(update={"role_template": template}))
    yield Record("definitions", LEAD.encode(), PROFILE["last_name"].encode())


def test_a_worker_at_debug_says_nothing_of_a_lead_whatever_becomes_of_its_records(
    refusing: RefusingBroker, own: Deployment
) -> None:
    worker = own.worker(LOG_LEVEL="debug")
    own.produce(life(own, ACCOUNT))
    own.produce(unusable(own))
    own.produce([Story(own).activity("misplaced", LEAD, partition=ELSEWHERE)])
    own.wait_consumed()
    said = answers(worker)

    # Refused by the broker, tried again, and told by name from the second try on.
    for name in REFUSED:
        full = own.name(name)
        refusing.refuse(full, "too_large")
        own.produce(touching(own, name))
        wait_told(worker, full)
        said += answers(worker)
        largest = "16777216" if name != MEMBERSHIP_CHANGED.name else None
        refusing.allow(full, "too_large", largest)
        own.wait_consumed()

    assert own.command("erase", "--account", ACCOUNT, "--lead", LEAD, "--yes").returncode == 0
    said += answers(worker)
    assert worker.terminate() == 0

    log = worker.log.read_text(errors="replace")
    for expected in (
        "records go to dead-letters",
        "records in the wrong partition were routed on",
        "delivery failed, trying again",
        f"a record of '{ACCOUNT}'",
        '"level": "debug"',
    ):
        assert expected in log
    assert found_in(log) == []
    assert "buying_groups_dead_letters_total" in said
    assert "buying_groups_misplaced_records_total" in said
    assert found_in(said) == []


def wait_told(worker: Worker, topic: str) -> None:
    """Wait until the log tells that a record is refused by a topic."""
    # Not line by line: at debug there are very many.
    told = f'"reason": "{topic} ['
    wait_until(
        lambda: told in worker.log.read_text(errors="replace"),
        f"the log never told what is refused:\n{worker.log_end()}",
    )


def touching(deployment: Deployment, name: str) -> list[Record]:
    """Return a record of the lead that makes a worker write to a topic."""
    story = Story(deployment)
    if name == DEAD_LETTERS.name:
        return [broken(deployment, ACCOUNT)]
    if name == MEMBERSHIP_CHANGED.name:
        return [story.manual("again", "remove", LEAD, minute=700)]
    return [profile(deployment, ACCOUNT, "again", minute=701)]
