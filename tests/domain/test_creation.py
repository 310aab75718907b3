"""Which groups follow from solution interests and account records (domain.md §3, "Creation")."""

from itertools import permutations
from typing import Final

import pytest

from domain.account import Account, Tenant
from domain.creation import MOST_RECORDS, entered_at, remember
from domain.definitions import Audience, SolutionInterest
from domain.events import AccountProfile, GroupDefinition
from domain.identity import buying_group_id
from domain.reports import (
    CompletenessChanged,
    GroupGone,
    GroupState,
    MembershipChanged,
    ScoreUpdated,
)
from domain.settle import create
from tests.domain.builders import (
    ACCOUNT,
    DECISION_MAKER,
    GROUP,
    INFLUENCER,
    INTEREST,
    LEAD,
    THREE_ROLES,
    TODAY,
    account_profile,
    activity,
    condition,
    decide,
    folded,
    group,
    interest,
    moment,
    only,
    profile,
    reports,
    role,
    stages,
    tenant,
    titled,
)
from tests.domain.deployment import Partition

TECH: Final = condition("industry", "is", "tech")
STEEL: Final = condition("industry", "is", "steel")


def record(industry: str, hour: int, **named: str) -> AccountProfile:
    """Return an account record of an hour of today, its event id made of both."""
    at = moment(hour=hour)
    return account_profile(
        at=at, event_id=f"{industry}-{hour}", attributes={"industry": industry, **named}
    )


def since(hour: int, text: str | None = TECH) -> Audience:
    return Audience(moment(hour=hour), text)


def created(*told: AccountProfile | SolutionInterest | GroupDefinition) -> GroupDefinition | None:
    """Return the group that stands after records and interests, told in every order."""
    found: set[GroupDefinition | None] = set()
    for order in permutations(told):
        partition = Partition()
        for one in order:
            if isinstance(one, SolutionInterest):
                partition.define(one)
            else:
                partition.fold([one])
        standing = partition.open(ACCOUNT).group(GROUP)
        found.add(standing.definition if standing.stands else None)
    (only_one,) = found
    return only_one


def created_at(*told: AccountProfile | SolutionInterest | GroupDefinition) -> int | None:
    """Return when the group was created, None if it does not stand."""
    definition = created(*told)
    return None if definition is None else definition.created_at


# Who is in the audience


def test_an_account_in_the_audience_gets_a_group_of_the_derived_id() -> None:
    definition = created(interest(THREE_ROLES, since(1)), record("tech", 2))
    assert definition is not None
    assert definition.buying_group_id == buying_group_id(INTEREST, ACCOUNT) == GROUP
    assert (definition.account_id, definition.solution_interest_id) == (ACCOUNT, INTEREST)


def test_an_account_outside_the_audience_gets_none() -> None:
    assert created(interest(THREE_ROLES, since(1)), record("steel", 2)) is None


def test_an_audience_without_a_condition_takes_every_account_that_has_a_record() -> None:
    everyone = interest(THREE_ROLES, since(1, None))
    assert created(everyone, record("steel", 2)) is not None
    account, _ = folded(activity(), profile(), decide(), by=tenant(interests=[everyone]))
    assert not account.group(GROUP).stands


def test_a_draft_creates_nothing_until_it_is_live() -> None:
    draft = interest(THREE_ROLES, since(1), live=False)
    assert created(draft, record("tech", 2)) is None
    account, _ = folded(record("tech", 2))
    create(account, draft, tenant())
    assert GROUP not in account.groups
    live = interest(THREE_ROLES, since(1), at=moment(hour=3))
    create(account, live, tenant(interests=[live]))
    assert account.groups[GROUP].stands


def test_an_account_that_enters_the_audience_gets_its_group_then() -> None:
    assert created_at(interest(THREE_ROLES, since(1)), record("steel", 2), record("tech", 5)) == moment(
        hour=5
    )


def test_each_interest_creates_a_group_of_its_own() -> None:
    both = [
        interest(THREE_ROLES, since(1), interest_id="crm-suite"),
        interest(THREE_ROLES, since(1, None), interest_id="erp"),
        interest(THREE_ROLES, since(1, STEEL), interest_id="hr"),
    ]
    account, _ = folded(record("tech", 2), by=tenant(interests=both))
    assert set(account.groups) == {buying_group_id(name, ACCOUNT) for name in ("crm-suite", "erp")}


def test_an_audience_may_ask_for_any_field_of_an_account() -> None:
    for text in (
        condition("name", "starts with", "ACME"),
        condition("open_opportunities", ">=", 3),
        condition("custom.segment", "any of", ["Key", "Core"]),
        condition("parent_account_id", "is empty"),
    ):
        told = account_profile(attributes={"open_opportunities": 3}, custom={"segment": "key"})
        assert created(interest(THREE_ROLES, since(1, text)), told) is not None


# When


@pytest.mark.parametrize(("audience", "recorded", "at"), [(1, 5, 5), (5, 1, 5), (3, 3, 3)])
def test_a_group_is_created_when_audience_and_record_first_meet(
    audience: int, recorded: int, at: int
) -> None:
    told = (interest(THREE_ROLES, since(audience)), record("tech", recorded))
    assert created_at(*told) == moment(hour=at)


def test_of_several_times_in_the_audience_the_first_counts() -> None:
    told = (record("tech", 2), record("steel", 3), record("tech", 4))
    assert created_at(interest(THREE_ROLES, since(1)), *told) == moment(hour=2)


def test_leaving_the_audience_deletes_nothing() -> None:
    told = (interest(THREE_ROLES, since(1)), record("tech", 2), record("steel", 3))
    assert created_at(*told) == moment(hour=2)


def test_narrowing_the_audience_deletes_nothing() -> None:
    wide = interest(THREE_ROLES, since(1, None), at=moment(hour=1), event_id="wide")
    narrow = interest(THREE_ROLES, since(1, None), since(5), at=moment(hour=5), event_id="narrow")
    assert created_at(wide, record("steel", 2)) == moment(hour=2)
    assert created_at(wide, narrow, record("steel", 2)) == moment(hour=2)


def test_a_wider_audience_creates_the_missing_groups_from_then_on() -> None:
    narrow = interest(THREE_ROLES, since(1), at=moment(hour=1), event_id="narrow")
    wide = interest(THREE_ROLES, since(1), since(5, None), at=moment(hour=5), event_id="wide")
    assert created_at(narrow, wide, record("steel", 2)) == moment(hour=5)


def test_an_account_that_had_left_before_the_audience_began_gets_no_group() -> None:
    told = (record("tech", 1), record("steel", 2))
    assert created(interest(THREE_ROLES, since(3)), *told) is None


def test_an_account_that_enters_only_after_the_audience_changed_gets_no_group() -> None:
    changed = interest(THREE_ROLES, since(1), since(3, STEEL))
    assert created(changed, record("health", 1), record("tech", 4)) is None


def test_an_account_whose_record_changes_with_the_audience_is_always_in_it_but_enters_once() -> None:
    changed = interest(THREE_ROLES, since(1), since(3, STEEL))
    assert created_at(changed, record("tech", 2), record("steel", 3)) == moment(hour=2)


def test_of_two_records_of_one_instant_the_greater_event_id_counts_and_the_other_never_did() -> None:
    told = (record("tech", 2), account_profile(at=moment(hour=2), event_id="a"))
    assert created_at(interest(THREE_ROLES, since(1)), *told) == moment(hour=2)
    told = (record("tech", 2), account_profile(at=moment(hour=2), event_id="z"))
    assert created(interest(THREE_ROLES, since(1)), *told) is None


def test_a_record_that_comes_late_moves_the_creation_to_where_it_always_was() -> None:
    told = interest(THREE_ROLES, since(1))
    assert created_at(told, record("tech", 5)) == moment(hour=5)
    assert created_at(told, record("tech", 5), record("tech", 3)) == moment(hour=3)


def test_a_late_record_that_shows_that_the_account_never_was_in_the_audience_withdraws_the_group() -> (
    None
):
    by = tenant(interests=[interest([role(when=titled("chief"))], since(4))])
    account, changes = folded(record("tech", 1), profile(title="Chief"), by=by)
    assert only(changes, MembershipChanged).change == "added"
    _, changes = folded(record("steel", 2), into=account, by=by)
    assert not account.groups[GROUP].stands
    assert only(changes, GroupGone).buying_group_id == GROUP
    assert only(changes, MembershipChanged).change == "removed"


# What it is


def test_a_group_is_named_after_its_interest_and_its_account() -> None:
    definition = created(interest(THREE_ROLES, since(1)), record("tech", 2))
    assert definition is not None
    assert definition.name == "CRM Suite for Acme"


@pytest.mark.parametrize("name", [None, ""])
def test_an_account_without_a_name_lends_its_id(name: str | None) -> None:
    definition = created(interest(THREE_ROLES), account_profile(name=name))
    assert definition is not None
    assert definition.name == "CRM Suite for acme"


def test_a_group_takes_the_newest_names_of_its_interest_and_of_its_account() -> None:
    older = interest(THREE_ROLES, since(1), at=moment(hour=1), event_id="older")
    newer = interest(THREE_ROLES, since(1), at=moment(hour=2), event_id="newer", name="Suite")
    renamed = account_profile(at=moment(hour=3), event_id="renamed", name="Acme Corp.")
    definition = created(older, newer, record("tech", 2), renamed)
    assert definition is not None
    assert (definition.name, definition.created_at) == ("Suite for Acme Corp.", moment(hour=2))


def test_template_and_stage_model_of_the_interest_are_embedded() -> None:
    model = stages(Open="Won", Won="")
    definition = created(interest(THREE_ROLES, since(1), stage_model=model), record("tech", 2))
    assert definition is not None
    assert (definition.roles, definition.stage_model) == (THREE_ROLES, model)
    assert (definition.template_id, definition.template_version) == ("template", 1)


# Beside hand-written records


def test_of_a_record_and_a_creation_the_later_one_stands() -> None:
    told = (interest(THREE_ROLES, since(1)), record("tech", 5))
    earlier = group([role(INFLUENCER)], at=moment(hour=4))
    later = group([role(INFLUENCER)], at=moment(hour=6))
    assert created_at(*told, earlier) == moment(hour=5)
    assert created(*told, later) == later


def test_a_record_stands_where_the_job_creates_nothing() -> None:
    by_hand = group([role(INFLUENCER)], at=moment(hour=4))
    assert created(interest(THREE_ROLES, since(1)), record("steel", 5), by_hand) == by_hand


def test_a_group_that_was_deleted_by_its_record_is_not_created_again_by_the_job() -> None:
    told = (interest(THREE_ROLES, since(1)), record("tech", 5))
    deletion = group(THREE_ROLES, at=moment(hour=5), deleted=True)
    assert created(*told, deletion, record("tech", 9)) is None


def test_a_creation_that_turned_out_not_to_be_one_leaves_the_record_standing() -> None:
    by_hand = group([role(INFLUENCER)], at=moment(hour=1))
    told = (record("tech", 1), record("steel", 2), by_hand)
    assert created(interest(THREE_ROLES, since(4)), *told) == by_hand


def test_a_name_that_the_record_does_not_take_up_is_not_reported() -> None:
    by = tenant(interests=[interest(THREE_ROLES, since(1))])
    account, _ = folded(record("tech", 2), group(at=moment(hour=5)), by=by)
    renamed = account_profile(
        at=moment(hour=9), event_id="renamed", name="Acme Corp.", attributes={"industry": "tech"}
    )
    _, changes = folded(renamed, into=account, by=by)
    assert changes.reports == []
    assert changes.definitions == {GROUP}


# What is reported


def test_a_creation_is_reported_once_with_what_caused_it() -> None:
    by = tenant(interests=[interest(THREE_ROLES, since(1))])
    account, changes = folded(record("tech", 2), by=by)
    completeness, state = only(changes, CompletenessChanged), only(changes, GroupState)
    assert (completeness.version, completeness.current.completeness) == (1, 0.0)
    assert (completeness.cause.event_id, completeness.cause.reason) == ("tech-2", "membership")
    assert (state.version, state.name, state.members) == (1, "CRM Suite for Acme", ())
    for again in (record("tech", 2), record("tech", 3), record("steel", 4)):
        _, changes = folded(again, into=account, by=by)
        assert changes.reports == []


def test_an_interest_that_is_heard_of_after_the_accounts_is_the_cause_of_their_groups() -> None:
    account, _ = folded(record("tech", 2))
    told = interest(THREE_ROLES, since(1), event_id="published")
    by = tenant(interests=[told])
    changes = create(account, told, by)
    assert only(changes, GroupState).cause.event_id == "published"
    assert changes.definitions == {GROUP}
    assert create(account, told, by) == type(changes)()


def test_decisions_and_activity_that_wait_count_from_the_creation_on() -> None:
    by = tenant(interests=[interest(THREE_ROLES, since(1))])
    account, changes = folded(decide(), activity(), by=by)
    assert reports(changes, GroupState) == []
    _, changes = folded(record("tech", 2), into=account, by=by)
    report = only(changes, MembershipChanged)
    assert (report.change, report.cause.reason, report.lead_id) == ("added", "membership", LEAD)
    assert {one.buying_group_id for one in reports(changes, ScoreUpdated)} == {GROUP}


def test_another_name_publishes_the_group_and_changes_nothing_else() -> None:
    by = tenant(interests=[interest(THREE_ROLES, since(1))])
    account, _ = folded(record("tech", 2), decide(role=DECISION_MAKER), activity(), by=by)
    renamed = account_profile(
        at=moment(hour=9), event_id="renamed", name="Acme Corp.", attributes={"industry": "tech"}
    )
    _, changes = folded(renamed, into=account, by=by)
    assert [type(report) for report in changes.reports] == [GroupState]
    assert only(changes, GroupState).name == "CRM Suite for Acme Corp."


# Old records


def test_records_are_kept_newest_first_and_each_once() -> None:
    records: tuple[AccountProfile, ...] = ()
    for one in (record("tech", 2), record("steel", 4), record("health", 3)):
        found = remember(records, one)
        assert found is not None
        records = found
    assert [one.event_id for one in records] == ["steel-4", "health-3", "tech-2"]
    assert remember(records, record("health", 3)) is None


def history(first: str, *, rest: int, by: Tenant, then: str = "steel") -> Account:
    """Return an account after a record of its industry and so many later ones of another."""
    account, _ = folded(record(first, 0), by=by)
    for minute in range(rest):
        at = moment(hour=1) + minute * 60_000
        told = account_profile(at=at, event_id=f"r{minute}", attributes={"industry": then})
        folded(told, into=account, by=by)
    return account


def test_a_group_that_an_old_record_created_stays_when_the_record_is_not_kept_any_more() -> None:
    told = interest(THREE_ROLES, Audience(0, TECH))
    account = history("tech", rest=MOST_RECORDS + 5, by=tenant(interests=[told]))
    assert len(account.records) == MOST_RECORDS
    assert entered_at(told, account.records) is None
    standing = account.groups[GROUP].definition
    assert standing is not None
    assert (standing.created_at, standing.deleted) == (moment(hour=0), False)
    renamed = interest(THREE_ROLES, Audience(0, TECH), at=moment(), event_id="renamed", name="Suite")
    create(account, renamed, tenant(interests=[renamed]))
    standing = account.groups[GROUP].definition
    assert standing is not None
    assert standing.name == "Suite for Acme"


def test_of_several_old_records_that_are_not_kept_any_more_the_first_counts() -> None:
    by = tenant(interests=[interest(THREE_ROLES, Audience(0, TECH))])
    account = history("tech", rest=MOST_RECORDS + 5, by=by, then="tech")
    standing = account.groups[GROUP].definition
    assert standing is not None
    assert standing.created_at == moment(hour=0)


def test_an_old_record_counts_until_the_next_one_also_when_it_is_not_kept_any_more() -> None:
    by = tenant(interests=[interest(THREE_ROLES, since(9))])
    account = history("tech", rest=MOST_RECORDS + 5, by=by)
    assert not account.group(GROUP).stands


def test_an_interest_that_is_heard_of_after_an_old_record_was_dropped_does_not_see_it() -> None:
    """Up to 20 records the order does not matter; beyond it only what was known then counts."""
    told = interest(THREE_ROLES, Audience(0, TECH))
    for rest, stands in ((MOST_RECORDS - 1, True), (MOST_RECORDS, False)):
        account = history("tech", rest=rest, by=tenant())
        create(account, told, tenant(interests=[told]))
        assert account.group(GROUP).stands is stands


def test_an_old_record_that_comes_when_enough_newer_ones_are_known_still_creates() -> None:
    told = interest(THREE_ROLES, Audience(0, TECH))
    by = tenant(interests=[told])
    account = history("steel", rest=MOST_RECORDS, by=by)
    assert GROUP not in account.groups
    late = account_profile(at=moment(TODAY - 1), event_id="late", attributes={"industry": "tech"})
    folded(late, into=account, by=by)
    assert account.groups[GROUP].stands
    assert len(account.records) == MOST_RECORDS
