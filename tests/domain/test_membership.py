"""Who is a member, in which role, by whose word (domain.md §2)."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import MILLIS_PER_DAY
from domain.events import SOURCES, AccountEvent, Operation, Source
from domain.membership import (
    NO_DECISIONS,
    Decisions,
    Member,
    Opinion,
    Ruling,
    effective,
    forget_until,
    merge,
    resolve,
    standing,
)
from domain.membership import (
    decide as take,
)
from domain.reports import MembershipChanged
from tests.domain.builders import (
    DECISION_MAKER,
    GROUP,
    INFLUENCER,
    LEAD,
    PRACTITIONER,
    decide,
    folded,
    group,
    members,
    moment,
    opinions,
    profile,
    reports,
    role,
    ruling,
)

ROLES = frozenset({DECISION_MAKER, INFLUENCER, PRACTITIONER})
UNKNOWN = "Chief of Everything"

OPERATIONS: tuple[Operation, ...] = ("assign", "remove", "release")
PAIRS: tuple[tuple[Source, Source], ...] = (
    ("manual", "journey"),
    ("manual", "system"),
    ("journey", "system"),
)
# (what the higher source said, what the lower one said): who makes the lead a member.
PRECEDENCE: dict[tuple[Operation, Operation], str | None] = {
    ("assign", "assign"): "higher",
    ("assign", "remove"): "higher",
    ("assign", "release"): "higher",
    ("remove", "assign"): None,
    ("remove", "remove"): None,
    ("remove", "release"): None,
    ("release", "assign"): "lower",
    ("release", "remove"): None,
    ("release", "release"): None,
}


# §2.1 newest decision


def test_the_newest_decision_of_a_source_stands() -> None:
    found = members(
        group(),
        decide("assign", at=moment(hour=1), event_id="a"),
        decide("remove", at=moment(hour=2), event_id="b"),
    )
    assert found == {}


def test_a_late_decision_that_is_not_newer_changes_nothing() -> None:
    found = members(
        group(),
        decide("remove", at=moment(hour=2), event_id="b"),
        decide("assign", at=moment(hour=1), event_id="a"),
    )
    assert found == {}


@pytest.mark.parametrize("greater_first", [True, False])
def test_of_two_decisions_of_one_instant_the_greater_event_id_stands(
    greater_first: bool,
) -> None:
    pair = [decide("assign", event_id="a"), decide("remove", event_id="b")]
    found = members(group(), *(reversed(pair) if greater_first else pair))
    assert found == {}


def test_time_comes_before_the_event_id() -> None:
    found = members(
        group(),
        decide("assign", at=moment(hour=2), event_id="a"),
        decide("remove", at=moment(hour=1), event_id="z"),
    )
    assert found[LEAD].role == DECISION_MAKER


def test_a_repeated_decision_changes_nothing() -> None:
    account, _ = folded(group(), decide())
    _, changes = folded(decide(), into=account)
    assert reports(changes, MembershipChanged) == []
    assert not changes.decisions


def test_the_newest_decision_is_kept_for_each_source_apart() -> None:
    found = members(
        group(),
        decide("assign", source="manual", role=INFLUENCER, at=moment(hour=1)),
        decide("assign", source="system", role=PRACTITIONER, at=moment(hour=9)),
    )
    assert (found[LEAD].role, found[LEAD].source) == (INFLUENCER, "manual")


def test_the_newest_decision_is_kept_for_each_lead_and_group_apart() -> None:
    other = group(interest="erp")
    account, _ = folded(
        group(),
        other,
        decide("assign", "ada", at=moment(hour=1)),
        decide("remove", "bob", at=moment(hour=2)),
        decide("remove", "ada", at=moment(hour=2), group=other.buying_group_id),
    )
    assert set(account.groups[GROUP].members) == {"ada"}
    assert account.groups[other.buying_group_id].members == {}


def test_of_two_decisions_on_one_lead_in_one_edit_the_later_in_the_list_stands() -> None:
    edit = [
        decide("assign", event_id="edit", position=0, role=INFLUENCER),
        decide("assign", event_id="edit", position=1, role=PRACTITIONER),
    ]
    assert members(group(), *edit)[LEAD].role == PRACTITIONER
    assert members(group(), *reversed(edit))[LEAD].role == PRACTITIONER


# §2.2 precedence


@pytest.mark.parametrize(("higher", "lower"), PAIRS)
@pytest.mark.parametrize("said", PRECEDENCE, ids=" over ".join)
@pytest.mark.parametrize("lower_is_newer", [True, False])
def test_a_lower_source_neither_adds_nor_removes_what_a_higher_one_decided(
    higher: Source, lower: Source, said: tuple[Operation, Operation], lower_is_newer: bool
) -> None:
    above = decide(said[0], source=higher, role=INFLUENCER, at=moment(hour=5), event_id="h")
    below = decide(
        said[1],
        source=lower,
        role=PRACTITIONER,
        at=moment(hour=6 if lower_is_newer else 4),
        event_id="l",
    )
    wanted = {
        "higher": (INFLUENCER, higher),
        "lower": (PRACTITIONER, lower),
    }.get(PRECEDENCE[said] or "")
    for events in ([above, below], [below, above]):
        found = members(group(), *events)
        assert ((found[LEAD].role, found[LEAD].source) if found else None) == wanted


@pytest.mark.parametrize(
    ("first", "second", "is_member"),
    [
        (("manual", "assign"), ("system", "remove"), True),
        (("manual", "assign"), ("journey", "remove"), True),
        (("journey", "assign"), ("system", "remove"), True),
        (("manual", "remove"), ("journey", "assign"), False),
    ],
)
def test_the_rows_that_the_rules_name(
    first: tuple[Source, Operation], second: tuple[Source, Operation], is_member: bool
) -> None:
    found = members(
        group(),
        decide(first[1], source=first[0], at=moment(hour=1), event_id="a"),
        decide(second[1], source=second[0], at=moment(hour=2), event_id="b"),
    )
    assert (LEAD in found) is is_member


@pytest.mark.parametrize("said", list(product((None, *OPERATIONS), repeat=3)))
def test_the_highest_source_that_has_not_released_decides(
    said: tuple[Operation | None, ...],
) -> None:
    decisions = opinions(
        **{
            source: ruling(operation)
            for source, operation in zip(SOURCES, said, strict=True)
            if operation is not None
        }
    )
    deciding = [
        (source, operation)
        for source, operation in zip(SOURCES, said, strict=True)
        if operation in {"assign", "remove"}
    ]
    chosen = effective(decisions, ROLES)
    assert (None if chosen is None else (chosen[0], chosen[1].operation)) == next(iter(deciding), None)


# §2.3 remembered


def test_a_lower_sources_decision_takes_effect_when_the_higher_one_is_released() -> None:
    account, _ = folded(
        group(),
        decide("assign", source="manual", role=INFLUENCER, at=moment(hour=1)),
        decide("assign", source="journey", role=PRACTITIONER, at=moment(hour=2)),
    )
    folded(decide("release", source="manual", at=moment(hour=3)), into=account)
    member = account.groups[GROUP].members[LEAD]
    assert (member.role, member.source) == (PRACTITIONER, "journey")


def test_a_release_falls_through_every_source_that_has_nothing_to_say() -> None:
    found = members(
        group(),
        decide("release", source="manual"),
        decide("release", source="journey"),
        decide("assign", source="system", role=PRACTITIONER),
    )
    assert found[LEAD].source == "system"


def test_a_release_of_nothing_leaves_the_lead_out() -> None:
    assert members(group(), decide("release")) == {}


def test_an_assign_after_a_release_stands_again() -> None:
    found = members(
        group(),
        decide("assign", at=moment(hour=1), event_id="a"),
        decide("release", at=moment(hour=2), event_id="b"),
        decide("assign", at=moment(hour=3), event_id="c", role=INFLUENCER),
    )
    assert found[LEAD].role == INFLUENCER


# §2.4 void roles


@pytest.mark.parametrize("group_is_known_first", [True, False])
def test_an_assign_to_a_role_outside_the_template_never_becomes_effective(
    group_is_known_first: bool,
) -> None:
    assign = decide("assign", role=UNKNOWN)
    events: list[AccountEvent] = [group(), assign] if group_is_known_first else [assign, group()]
    assert members(*events) == {}


@pytest.mark.parametrize("group_is_known_first", [True, False])
def test_a_void_assign_does_not_push_out_the_assign_before_it(group_is_known_first: bool) -> None:
    decisions = [
        decide("assign", role=INFLUENCER, at=moment(hour=1), event_id="a"),
        decide("assign", role=UNKNOWN, at=moment(hour=2), event_id="b"),
    ]
    events: list[AccountEvent] = [group(), *decisions] if group_is_known_first else [*decisions, group()]
    assert members(*events)[LEAD].role == INFLUENCER


def test_a_void_assign_does_not_hide_a_lower_source() -> None:
    found = members(
        group(),
        decide("assign", source="manual", role=UNKNOWN),
        decide("assign", source="system", role=PRACTITIONER),
    )
    assert found[LEAD].source == "system"


def test_a_void_assign_does_not_undo_a_remove() -> None:
    found = members(
        group(),
        decide("assign", source="system"),
        decide("remove", at=moment(hour=1), event_id="a"),
        decide("assign", role=UNKNOWN, at=moment(hour=2), event_id="b"),
    )
    assert found == {}


def test_a_remove_between_two_assigns_hides_the_older_one_for_good() -> None:
    events = [
        decide("assign", role=INFLUENCER, at=moment(hour=1), event_id="a"),
        decide("assign", role=UNKNOWN, at=moment(hour=3), event_id="c"),
        decide("remove", at=moment(hour=2), event_id="b"),
    ]
    assert members(group(), *events) == {}


def test_a_group_created_anew_with_other_roles_looks_at_every_assign_again() -> None:
    account, _ = folded(group(), decide("assign", role="Champion"))
    assert account.groups[GROUP].members == {}
    folded(group([role("Champion")], at=moment(hour=1), event_id="again"), into=account)
    assert account.groups[GROUP].members[LEAD].role == "Champion"


# §2.5 editing a role


def test_editing_a_role_is_a_manual_assign_with_the_new_role() -> None:
    account, _ = folded(group(), decide("assign", source="system", role=PRACTITIONER))
    _, changes = folded(
        decide("assign", source="manual", role=INFLUENCER, at=moment(hour=13), event_id="edit"),
        into=account,
    )
    (changed,) = reports(changes, MembershipChanged)
    assert (changed.change, changed.cause.reason) == ("role_changed", "role_edit")
    assert account.groups[GROUP].members[LEAD].role == INFLUENCER


def test_a_member_holds_exactly_one_role() -> None:
    found = members(
        group(),
        decide("assign", role=INFLUENCER, at=moment(hour=1), event_id="a"),
        decide("assign", role=PRACTITIONER, at=moment(hour=2), event_id="b"),
    )
    assert [member.role for member in found.values()] == [PRACTITIONER]


# §2.6 left


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("profile_first", [True, False])
def test_a_lead_that_left_the_account_is_no_member_whoever_assigned_it(
    source: Source, profile_first: bool
) -> None:
    events = [decide("assign", source=source), profile("left")]
    assert members(group(), *(reversed(events) if profile_first else events)) == {}


def test_while_the_profile_is_unknown_the_assignment_counts() -> None:
    assert LEAD in members(group(), decide("assign"))


def test_a_lead_that_returns_is_a_member_again() -> None:
    found = members(
        group(),
        decide("assign"),
        profile("left", at=moment(hour=13), event_id="p1"),
        profile("active", at=moment(hour=14), event_id="p2"),
    )
    assert LEAD in found


def test_the_newest_profile_wins_and_ties_go_to_the_greater_event_id() -> None:
    late = [profile("left", at=moment(hour=1)), profile("active", at=moment(hour=2))]
    tied = [profile("active", event_id="a"), profile("left", event_id="b")]
    assert LEAD in members(group(), decide(), *late)
    assert LEAD in members(group(), decide(), *reversed(late))
    assert members(group(), decide(), *tied) == {}
    assert members(group(), decide(), *reversed(tied)) == {}


def test_leaving_one_account_says_nothing_of_another() -> None:
    here, _ = folded(group(), decide(), profile("left"))
    there, _ = folded(
        group(account="initech"),
        decide(account="initech"),
        profile("active", account="initech"),
    )
    assert here.groups[GROUP].members == {}
    assert [set(g.members) for g in there.groups.values()] == [{LEAD}]


# §2.7 the erased (activity and contact data: test_erasure.py)


def test_an_erasure_ends_the_membership_and_deletes_the_assignments() -> None:
    account, _ = folded(group(), decide(at=moment(hour=1)))
    folded(profile("erased", at=moment(hour=2)), into=account)
    assert account.groups[GROUP].members == {}
    assert account.groups[GROUP].decisions == {}


@pytest.mark.parametrize(("hour", "counts"), [(1, False), (2, False), (3, True)])
@pytest.mark.parametrize("erasure_first", [True, False])
def test_only_what_is_decided_after_an_erasure_counts(
    hour: int, counts: bool, erasure_first: bool
) -> None:
    events = [decide(at=moment(hour=hour)), profile("erased", at=moment(hour=2))]
    found = members(group(), *(reversed(events) if erasure_first else events))
    assert (LEAD in found) is counts


def test_an_erasure_reaches_each_source_by_the_time_of_its_own_decision() -> None:
    kept = forget_until(
        opinions(
            manual=ruling(at=1, event_id="m"),
            journey=ruling("remove", at=2, event_id="j"),
            system=ruling(at=3, event_id="s"),
        ),
        2,
    )
    assert kept == opinions(system=ruling(at=3, event_id="s"))


# §2.9 pending


def test_decisions_for_a_group_that_is_not_there_yet_take_effect_when_it_is_created() -> None:
    account, _ = folded(decide("assign", role=INFLUENCER))
    assert account.groups[GROUP].members == {}
    folded(group(), into=account)
    assert account.groups[GROUP].members[LEAD].role == INFLUENCER


def test_pending_decisions_follow_precedence_and_age_like_any_others() -> None:
    found = members(
        decide("assign", source="journey", at=moment(hour=9)),
        decide("remove", source="manual", at=moment(hour=1)),
        group(),
    )
    assert found == {}


def test_a_group_that_was_deleted_has_no_members() -> None:
    account, _ = folded(group(), decide())
    folded(group(deleted=True, event_id="gone"), into=account)
    assert account.groups[GROUP].members == {}


def test_a_deletion_wins_over_the_creation_it_repeats_in_whatever_order() -> None:
    both = [group(event_id="z"), group(deleted=True, event_id="a")]
    assert members(decide(), *both) == {}
    assert members(decide(), *reversed(both)) == {}


@pytest.mark.parametrize("greater_first", [True, False])
def test_of_two_creations_of_one_instant_the_greater_event_id_stands(greater_first: bool) -> None:
    both = [group([role("Champion")], event_id="a"), group(event_id="b")]
    found = members(decide(), *(reversed(both) if greater_first else both))
    assert found[LEAD].role == DECISION_MAKER


def test_a_group_created_again_after_its_deletion_stands() -> None:
    events = [
        group(),
        group(deleted=True),
        group(at=moment(hour=1), event_id="again"),
    ]
    assert LEAD in members(decide(), *events)
    assert LEAD in members(decide(), *reversed(events))


# source and added_at


def test_the_source_of_a_member_is_the_source_of_its_effective_decision() -> None:
    found = members(
        group(),
        decide("assign", source="system"),
        decide("assign", source="journey"),
    )
    assert found[LEAD].source == "journey"


def test_a_member_was_added_when_its_assign_was_decided() -> None:
    assert members(group(), decide(at=moment(hour=7)))[LEAD].added_at == moment(hour=7)


def test_a_member_assigned_before_the_group_existed_was_added_when_that_was_decided() -> None:
    decided = moment(hour=7)
    assert members(group(at=moment(hour=8)), decide(at=decided))[LEAD].added_at == decided


def test_without_any_decision_there_is_no_member() -> None:
    assert resolve(NO_DECISIONS, ROLES, "active") is None
    assert not NO_DECISIONS


def test_an_opinion_keeps_what_may_still_matter_newest_first() -> None:
    opinion: Opinion = ()
    for kept in (
        ruling(role=INFLUENCER, at=1, event_id="a"),
        ruling("remove", at=2, event_id="b"),
        ruling(role=UNKNOWN, at=4, event_id="d"),
        ruling(role=PRACTITIONER, at=3, event_id="c"),
    ):
        opinion = merge(opinion, kept)
    assert [kept.event_id for kept in opinion] == ["d", "c", "b"]
    assert standing(opinion, ROLES) == ruling(role=PRACTITIONER, at=3, event_id="c")
    assert standing(opinion, frozenset()) == ruling("remove", at=2, event_id="b")


# merging is a join

RULINGS = st.builds(
    ruling,
    st.sampled_from(OPERATIONS),
    st.sampled_from([DECISION_MAKER, INFLUENCER, UNKNOWN]),
    at=st.integers(0, 3),
    event_id=st.sampled_from("abc"),
)
ROLE_SETS = st.frozensets(st.sampled_from([DECISION_MAKER, INFLUENCER, UNKNOWN]))


def merged(rulings: list[Ruling]) -> Opinion:
    opinion: Opinion = ()
    for one in rulings:
        opinion = merge(opinion, one)
    return opinion


@given(st.lists(RULINGS, max_size=7), st.data())
def test_any_order_of_rulings_gives_the_same_opinion(rulings: list[Ruling], data: st.DataObject) -> None:
    assert merged(data.draw(st.permutations(rulings))) == merged(rulings)


@given(st.lists(RULINGS, max_size=7), RULINGS, RULINGS)
def test_taking_in_two_rulings_commutes(before: list[Ruling], one: Ruling, two: Ruling) -> None:
    opinion = merged(before)
    assert merge(merge(opinion, one), two) == merge(merge(opinion, two), one)


@given(st.lists(RULINGS, max_size=6), st.lists(RULINGS, max_size=6))
def test_an_opinion_is_worth_the_rulings_it_came_from(one: list[Ruling], other: list[Ruling]) -> None:
    """Merging is associative: what was dropped on one side cannot matter to the other."""
    assert merged([*one, *other]) == merged([*merged(one), *merged(other)])


@given(st.lists(RULINGS, max_size=7))
def test_a_ruling_taken_in_twice_leaves_the_very_same_opinion(rulings: list[Ruling]) -> None:
    opinion = merged(rulings)
    for one in rulings:
        assert merge(opinion, one) is opinion


@given(st.lists(RULINGS, max_size=7), ROLE_SETS)
def test_an_opinion_stands_for_the_newest_ruling_that_is_not_void(
    rulings: list[Ruling], roles: frozenset[str]
) -> None:
    """What was dropped would not have stood, whichever template the group turns out to have."""
    counting = [one for one in rulings if one.operation != "assign" or one.role in roles]
    newest = max(counting, key=lambda one: one.order, default=None)
    assert standing(merged(rulings), roles) == newest


@given(st.lists(RULINGS, max_size=7), st.integers(0, 3))
def test_an_erasure_leaves_the_opinion_of_what_was_decided_after_it(
    rulings: list[Ruling], erased_at: int
) -> None:
    kept = forget_until(Decisions(manual=merged(rulings)), erased_at)
    assert kept.manual == merged([one for one in rulings if one.decided_at > erased_at])


@given(
    st.lists(st.tuples(st.sampled_from(SOURCES), RULINGS), max_size=10),
    ROLE_SETS,
    st.data(),
)
def test_any_order_of_all_sources_decisions_gives_the_same_member(
    decisions: list[tuple[Source, Ruling]], roles: frozenset[str], data: st.DataObject
) -> None:
    def member(events: list[tuple[Source, Ruling]]) -> Member | None:
        known = NO_DECISIONS
        for source, one in events:
            known = take(
                known,
                decide(
                    one.operation,
                    source=source,
                    role=one.role or "",
                    at=one.decided_at,
                    event_id=one.event_id,
                ),
            )
        return resolve(known, roles, None)

    assert member(data.draw(st.permutations(decisions))) == member(decisions)


# added_at is the time of the effective decision (domain.md §2)


def test_a_role_edit_moves_added_at() -> None:
    found = members(
        group(),
        decide("assign", role=INFLUENCER, at=moment(hour=1), event_id="a"),
        decide("assign", role=PRACTITIONER, at=moment(hour=2), event_id="b"),
    )
    assert found[LEAD].added_at == moment(hour=2)


def test_added_at_is_the_decision_that_a_release_freed() -> None:
    found = members(
        group(),
        decide("assign", source="system", at=moment(hour=1), event_id="a"),
        decide("remove", source="manual", at=moment(hour=2), event_id="b"),
        decide("release", source="manual", at=moment(hour=3), event_id="c"),
    )
    assert found[LEAD].added_at == moment(hour=1)


def test_creating_a_group_twice_is_harmless_to_its_members() -> None:
    once = members(group(at=moment(hour=1)), decide(at=moment(hour=2)))
    twice = members(
        group(at=moment(hour=1)),
        decide(at=moment(hour=2)),
        group(at=moment(hour=1) + MILLIS_PER_DAY, event_id="again"),
    )
    assert once == twice


def test_of_more_than_20_roles_a_source_keeps_the_newest_20_in_any_order() -> None:
    decisions = [
        decide("assign", role=f"role {i}", at=moment(hour=1) + i, event_id=f"e{i}") for i in range(25)
    ]
    forward, backward = NO_DECISIONS, NO_DECISIONS
    for decision in decisions:
        forward = take(forward, decision)
    for decision in reversed(decisions):
        backward = take(backward, decision)
    assert forward == backward
    kept = [ruling.role for ruling in forward.manual]
    assert kept == [f"role {i}" for i in range(24, 4, -1)]
