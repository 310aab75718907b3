"""What an event costs does not grow with the account: tests of conditions are counted, and rows."""

from collections import Counter
from dataclasses import replace
from typing import Final

import pytest

from domain.account import Account, Tenant
from domain.conditions import Attributes, Compiled, Custom
from domain.events import AccountEvent
from domain.maintenance import Job
from domain.settle import fold, rescore
from tests.domain.builders import (
    ACCOUNT,
    ATTENDED,
    FORM,
    GROUP,
    LEAD,
    TODAY,
    account_profile,
    activities,
    activity,
    decide,
    group,
    interest,
    moment,
    move,
    profile,
    role,
    scored,
    status,
    tenant,
    titled,
)

SIZES: Final = (10, 2000)
BY_TITLE: Final = group(
    (role("A", when=titled("chief")), role("B", when=titled("buyer")), role("C", when=titled("head"))),
    update=True,
)
BY_SCORE: Final = group(
    (role("A", when=scored(">=", 90)), role("B", when=scored(">=", 50))), interest="erp", update=True
)
LEFT_ALONE: Final = group(BY_TITLE.roles, interest="left alone", update=False)


class Counting:
    """Counts how often the conditions of an account's groups are tested, by group."""

    def __init__(self, account: Account) -> None:
        self.counted: Counter[str] = Counter()
        for buying_group_id, one in account.groups.items():
            if one.job is not None:
                one.job = self._counting(one.job, buying_group_id)

    def _counting(self, job: Job, buying_group_id: str) -> Job:
        def counted(condition: Compiled) -> Compiled:
            def matches(attributes: Attributes, custom: Custom, score: float) -> bool:
                self.counted[buying_group_id] += 1
                return condition.matches(attributes, custom, score)

            return replace(condition, matches=matches)

        return replace(job, tests=tuple((name, counted(one)) for name, one in job.tests))


def account_of(leads: int, by: Tenant) -> tuple[Account, Counting]:
    """Return an account of so many known, active leads, one of them the default one."""
    account = Account(ACCOUNT)
    names = [LEAD, *(f"lead-{i:04d}" for i in range(1, leads))]
    fold(account, [BY_TITLE, BY_SCORE, LEFT_ALONE, *(profile("active", one) for one in names)], by)
    fold(account, [activity(one) for one in names], by)
    return account, Counting(account)


def cost(event: AccountEvent, leads: int) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many conditions one event tests, by group, and how many rows it writes, by table."""
    by = tenant()
    account, counting = account_of(leads, by)
    changes = fold(account, [event], by)
    rows = {
        "account": int(changes.account),
        "leads": len(changes.leads),
        "days": len(changes.days),
        "persons": len(changes.persons),
        "definitions": len(changes.definitions),
        "decisions": len(changes.decisions),
        "progress": len(changes.progress),
        "groups": len(changes.groups),
    }
    return dict(counting.counted), {table: written for table, written in rows.items() if written}


@pytest.mark.parametrize("leads", SIZES)
def test_a_changed_profile_is_tested_once_for_each_maintained_group(leads: int) -> None:
    newer = profile(title="Head of all", at=moment(hour=13), event_id="newer")
    tested, written = cost(newer, leads)
    assert tested == {BY_TITLE.buying_group_id: 3, BY_SCORE.buying_group_id: 2}
    assert written == {"leads": 1, "decisions": 1, "groups": 1}


@pytest.mark.parametrize("leads", SIZES)
def test_a_profile_whose_first_role_matches_is_tested_no_further(leads: int) -> None:
    newer = profile(title="Chief", at=moment(hour=13), event_id="newer")
    tested, _ = cost(newer, leads)
    assert tested[BY_TITLE.buying_group_id] == 1


@pytest.mark.parametrize("leads", SIZES)
def test_activity_tests_its_lead_in_groups_that_ask_for_the_score_only(leads: int) -> None:
    tested, written = cost(activity(event_id="more", activity_type=ATTENDED), leads)
    assert tested == {BY_SCORE.buying_group_id: 2}
    assert written == {"days": 1, "persons": 1}


@pytest.mark.parametrize("leads", SIZES)
@pytest.mark.parametrize(
    "event",
    [
        activity(event_id="no weight", activity_type="web.unheardOf"),
        activity(event_id="activity"),
        profile(event_id="late", at=moment(hour=1), title="Chief"),
        profile("left", at=moment(hour=13), event_id="left"),
        decide(role="A"),
        decide("remove", group=LEFT_ALONE.buying_group_id),
        move("Open"),
        status("hot"),
        account_profile(),
        replace(BY_TITLE, event_id="a", created_at=BY_TITLE.created_at - 1),
    ],
    ids=lambda event: f"{type(event).__name__} {event.event_id}",
)
def test_what_no_condition_asks_for_tests_nothing(event: AccountEvent, leads: int) -> None:
    tested, _ = cost(event, leads)
    assert tested == {}


@pytest.mark.parametrize("leads", SIZES)
def test_many_events_of_one_lead_in_a_batch_test_it_once_for_its_score(leads: int) -> None:
    by = tenant()
    account, counting = account_of(leads, by)
    fold(account, activities(15, named="more", activity_type=FORM), by)
    assert counting.counted == {BY_SCORE.buying_group_id: 2}


@pytest.mark.parametrize("leads", SIZES)
def test_a_tick_tests_each_lead_once_in_groups_that_ask_for_the_score_only(leads: int) -> None:
    account, counting = account_of(leads, tenant())
    rescore(account, tenant(TODAY + 1), "tick", moment())
    assert counting.counted == {BY_SCORE.buying_group_id: 2 * leads}


@pytest.mark.parametrize("leads", SIZES)
def test_a_record_of_an_account_that_changes_no_group_tests_nobody(leads: int) -> None:
    by = tenant(interests=[interest(BY_TITLE.roles)])
    account = Account(ACCOUNT)
    fold(account, [account_profile(at=moment(hour=1))], by)
    fold(account, [profile("active", f"lead-{i}", title="x") for i in range(leads)], by)
    assert account.groups[GROUP].job is not None
    counting = Counting(account)
    fold(account, [account_profile(at=moment(hour=2), event_id="again")], by)
    assert counting.counted == {}
