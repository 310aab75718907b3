"""A tenant of a definitions file, through the real commands: ``export`` prints what ``fold`` prints.

``TENANT_ACCOUNTS=2000`` runs it in the size that a release is tried with: 2,000 accounts of 20 leads
each. It takes some minutes; without it there are 120 accounts.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from domain.calendar import iso_day
from schemas.fields import Contract
from streams.topics import BUYING_GROUPS
from tests.integration.comparison import printed
from tests.integration.harness import Deployment
from tests.integration.marketing import DEFINED, definitions_file
from tests.integration.processes import PATIENCE_S
from tests.integration.replaying import lines_of, log_of, woven
from tests.integration.tenant import AS_OF, Tenant

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(3600)]

ACCOUNTS: Final = int(os.environ.get("TENANT_ACCOUNTS", "120"))
LEADS_EACH: Final = 20
DAY: Final = iso_day(AS_OF)

Event = tuple[str, Contract]


def events_of(accounts: int) -> list[Event]:
    """Return a tenant's events in the order of their file.

    Every account has its record and every lead its profile; three leads in ten change theirs, and two
    accounts in ten. Nobody writes a group.
    """
    tenant = Tenant(f"tenant/{accounts}", accounts, (LEADS_EACH, LEADS_EACH))
    chance = tenant.chance
    leads = [(account, lead) for account in tenant.accounts for lead in tenant.leads[account]]
    changing = chance.sample(leads, len(leads) * 3 // 10)
    made: list[Callable[[], Event]] = [
        partial(tenant.account_of, account, tenant.moment())
        for account in (*tenant.accounts, *chance.sample(tenant.accounts, accounts // 5))
    ]
    made += [
        partial(tenant.profile_of, account, lead, tenant.moment()) for account, lead in leads + changing
    ]
    made += [tenant.profile] * (len(leads) // 20)
    made += [tenant.activity] * len(leads)
    made += [tenant.manual] * accounts + [tenant.journey] * accounts + [tenant.move] * (4 * accounts)
    # Made only now, so that the moves of a group stand in the order in which they are told.
    chance.shuffle(made)
    return [make() for make in made]


def write(path: Path, lines: Iterable[dict[str, Any]]) -> str:
    """Write events as ``publish`` and ``fold`` take them; return the path."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    return str(path)


def succeeds(deployment: Deployment, *command: str) -> str:
    """Run a command that must succeed; return what it printed."""
    done = deployment.command(*command, patience_s=PATIENCE_S * max(2, ACCOUNTS // 100))
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def survive_a_crash(deployment: Deployment, folder: Path) -> None:
    """Publish events and definitions, kill a worker in the middle, move the day on with another one."""
    victim = deployment.starting_worker(BATCH_SIZE="200")
    events = [
        {"topic": topic, "value": value.model_dump(mode="json")} for topic, value in events_of(ACCOUNTS)
    ]
    third = len(events) // 3
    begin = write(folder / "begin.jsonl", events[:third])
    middle = write(folder / "middle.jsonl", events[third : 2 * third])
    end = write(folder / "end.jsonl", events[2 * third :])
    defined, widened = folder / "definitions.json", folder / "widened.json"
    defined.write_text(json.dumps(definitions_file()), encoding="utf-8")
    widened.write_text(json.dumps(definitions_file(widened=True)), encoding="utf-8")

    succeeds(deployment, "publish", begin)
    succeeds(deployment, "definitions", "publish", str(defined))
    with ThreadPoolExecutor(1) as threads:
        publishing = threads.submit(succeeds, deployment, "publish", middle)
        deployment.wait_begun(third)
        # Whatever it is in the middle of, it does not get to its end.
        victim.pause()
        publishing.result()
    succeeds(deployment, "definitions", "publish", str(widened))
    victim.kill()
    assert deployment.unconsumed()
    heir = deployment.starting_worker()
    succeeds(deployment, "publish", end)
    succeeds(deployment, "tick", "--as-of", DAY)
    assert heir.terminate() == 0


def replay(deployment: Deployment, log: str) -> float:
    """Fill an empty deployment from a log; return how many seconds its worker took for the events."""
    succeeds(deployment, "topics", "create")
    succeeds(deployment, "publish", log)
    deployment.worker()
    began = time.monotonic()
    deployment.wait_consumed(10 * PATIENCE_S)
    seconds = time.monotonic() - began
    succeeds(deployment, "tick", "--as-of", DAY)
    return seconds


def test_a_tenant_of_definitions_exports_what_fold_computes_after_a_crash_and_after_a_replay(
    real_deployment: Deployment, tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    deployment, again = real_deployment, real_deployment.neighbour("again")
    survive_a_crash(deployment, tmp_path)
    exported = printed(succeeds(deployment, "export"))
    parts = woven(log_of(deployment, {}), seed=1, definitions="last")
    records = [record for part in parts for record in part]
    log = write(tmp_path / "log.jsonl", lines_of(deployment, records))
    try:
        seconds = replay(again, log)
        replayed = printed(succeeds(again, "export"))
    finally:
        again.close()
    record_testsuite_property("events in the log", len(records))
    record_testsuite_property("groups", len(exported))
    record_testsuite_property("seconds of the replay", round(seconds, 1))

    assert printed(succeeds(deployment, "fold", log, "--as-of", DAY)) == exported == replayed
    assert not deployment.read(BUYING_GROUPS), "nobody writes a group"
    assert {group["solution_interest_id"] for group in exported} == set(DEFINED)
    sources = Counter(member["source"] for group in exported for member in group["members"])
    assert sources.keys() == {"manual", "journey", "system"}
    assert sources["system"] > len(exported)
