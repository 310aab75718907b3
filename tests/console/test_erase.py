"""``erase``: asks first, says what is wrong, and an erasure that counts is told with its place."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from agents.reading import FUTURE_ALLOWANCE_MS
from console.erase import NotErased, _behind, erasure_of
from schemas.codec import BreaksContract, Codec
from schemas.registry import CommittedRegistry
from streams.topics import LEAD_PROFILES
from tests.console.calling import ROOT, Commands
from tests.console.topic_reading import count_of_records, records_of

CODEC = Codec(CommittedRegistry())
AT = 1_795_000_000_000
NOWHERE = "127.0.0.1:1"


def test_ids_that_cannot_be_ids_are_wrong_use(commands: Commands) -> None:
    done = commands("erase", "--account", "", "--lead", "ana", "--yes")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("account: should have at least 1 character")
    done = commands("erase", "--account", "acme", "--lead", "x" * 129, "--yes")
    assert done.code == 2
    assert done.err.startswith("lead: should have at most 128 characters")


def test_both_ids_are_needed(commands: Commands) -> None:
    assert commands("erase", "--account", "acme", "--yes").code == 2
    assert commands("erase", "--lead", "ana", "--yes").code == 2


def test_without_a_kafka_it_is_asked_which_one(commands: Commands) -> None:
    done = commands("erase", "--account", "acme", "--lead", "ana", "--yes")
    assert done.code == 2
    assert "KAFKA_BOOTSTRAP_SERVERS is not set" in done.err


def test_where_nobody_can_be_asked_nothing_is_erased_without_yes(commands: Commands) -> None:
    done = commands("erase", "--account", "acme", "--lead", "ana", KAFKA_BOOTSTRAP_SERVERS=NOWHERE)
    assert done.code == 2
    assert done.err == "Nothing was erased: nobody can be asked here. --yes erases without asking.\n"


def test_who_says_no_erases_nothing(tmp_path: Path) -> None:
    terminal, standard_input = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "console.cli", "erase", "--account", "acme", "--lead", "ana"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "KAFKA_BOOTSTRAP_SERVERS": NOWHERE},
        stdin=standard_input,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as asking:
        os.write(terminal, b"n\n")
        out, err = asking.communicate(timeout=60)
    os.close(terminal)
    os.close(standard_input)
    assert (asking.returncode, out) == (1, "")
    assert err == "Erase lead 'ana' of account 'acme' for good? [y/N]: Nothing was erased.\n"


def test_the_event_carries_nothing_of_the_lead_but_its_ids() -> None:
    value = erasure_of(CODEC, "acme", "ana", AT)
    set_fields = value.model_dump(exclude_defaults=True)
    assert set_fields.pop("event_id").startswith("erasure-")
    assert set_fields == {
        "account_id": "acme",
        "lead_id": "ana",
        "updated_at": AT,
        "status": "erased",
    }
    with pytest.raises(BreaksContract):
        erasure_of(CODEC, "acme", "", AT)


@pytest.mark.parametrize(
    ("stamp", "behind"),
    [(AT, 0), (AT + 999, 0), (AT + 1000, 1000), (AT + 90_000, 90_000), (AT - FUTURE_ALLOWANCE_MS, 0)],
)
def test_a_clock_that_is_behind_the_brokers_is_told(stamp: int, behind: int) -> None:
    assert _behind(erasure_of(CODEC, "acme", "ana", AT), stamp) == behind


def test_an_erasure_that_workers_refuse_for_its_date_is_not_taken_for_one() -> None:
    with pytest.raises(NotErased, match=r"10 minutes ahead of the broker's.*Set the clock"):
        _behind(erasure_of(CODEC, "acme", "ana", AT), AT - 600_000)


@pytest.mark.embedded
def test_without_a_worker_it_is_told_that_the_erasure_waits(deployed: Commands) -> None:
    done = deployed("erase", "--account", "acme", "--lead", "ana", "--yes", "--patience", "0.5")
    assert (done.code, done.out) == (1, "")
    assert f"The erasure is published ({deployed.settings.namespace}.lead-profiles [" in done.err
    assert "no worker has taken it in" in done.err.replace("\n", " ")
    (record,) = records_of(deployed.settings, LEAD_PROFILES)
    assert record.key() == b"acme"
    headers = dict(record.headers() or [])
    assert headers["ce_subject"] == b"ana"
    assert headers["ce_source"] == f"/{deployed.settings.namespace}/erase".encode()
    assert (
        json.loads(CODEC.decode("lead-profiles", record.value()).model_dump_json())["status"] == "erased"
    )


@pytest.mark.embedded
def test_a_deployment_that_is_not_there_gets_no_erasure(deployed: Commands) -> None:
    done = deployed("erase", "--account", "acme", "--lead", "ana", "--yes", NAMESPACE="nobody")
    assert done.code == 1
    assert "no such topic. Is NAMESPACE right?" in done.err
    assert count_of_records(deployed.settings, LEAD_PROFILES) == 0
