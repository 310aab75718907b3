"""Every row comes back from the tables as it was written."""

from hypothesis import given
from hypothesis import strategies as st

from agents import rows
from domain.account import GroupFigures, PersonFigures
from domain.completeness import MissingRole
from domain.events import AccountProfile, GroupDefinition, LeadProfile, TemplateRole
from domain.membership import Decisions, Ruling
from schemas.fields import INT32_MAX, LAST_MILLIS
from streams.topics import TABLES

texts = st.text(st.characters(codec="utf-8"), max_size=20)
moments = st.integers(0, LAST_MILLIS)
scores = st.floats(0, 100)
roots = st.floats(0, allow_nan=False, allow_infinity=False)
counts = st.integers(0, 2**53)
attributes = st.dictionaries(texts, texts | st.booleans(), max_size=3)
customs = st.dictionaries(texts, texts, max_size=3)

leads = st.builds(
    LeadProfile,
    texts,
    texts,
    texts,
    moments,
    st.sampled_from(["active", "left", "erased"]),
    attributes,
    customs,
)
accounts = st.builds(
    AccountProfile,
    texts,
    texts,
    moments,
    st.dictionaries(texts, texts | st.integers(-(2**31), 2**31 - 1), max_size=3),
    customs,
)
roles = st.builds(
    TemplateRole,
    texts,
    st.sampled_from([20, 40, 60, 80, 100]),
    st.booleans(),
    st.integers(1, INT32_MAX),
    st.none() | texts,
)
definitions = st.builds(
    GroupDefinition,
    event_id=texts,
    account_id=texts,
    buying_group_id=texts,
    solution_interest_id=texts,
    name=texts,
    created_at=moments,
    update_existing_groups=st.booleans(),
    template_id=texts,
    template_version=counts,
    roles=st.lists(roles, max_size=4).map(tuple),
    stage_model=st.none() | texts,
    deleted=st.booleans(),
)
rulings = st.builds(
    Ruling,
    st.sampled_from(["assign", "remove", "release"]),
    st.none() | texts,
    moments,
    texts,
    st.integers(0, 49),
)
opinions = st.lists(rulings, max_size=3).map(tuple)
persons = st.builds(PersonFigures, counts, scores, roots)
groups = st.builds(
    GroupFigures,
    counts,
    counts,
    counts,
    counts,
    counts,
    scores,
    roots,
    st.none() | scores,
    st.lists(st.builds(MissingRole, texts, st.integers(1, INT32_MAX)), max_size=3).map(tuple),
)


def test_every_table_has_one_kind_of_row() -> None:
    assert set(TABLES) == {
        rows.ACCOUNT,
        rows.LEAD,
        rows.DAY,
        rows.PERSON,
        rows.DEFINITION,
        rows.DECISIONS,
        rows.GROUP,
        rows.CLOCK,
    }


@given(st.none() | leads, st.integers(-1, LAST_MILLIS))
def test_a_leads_profile_and_erasure(profile: LeadProfile | None, erased_at: int) -> None:
    assert rows.load_lead(rows.dump_lead(profile, erased_at)) == (profile, erased_at)


@given(accounts)
def test_an_accounts_profile(profile: AccountProfile) -> None:
    assert rows.load_account(rows.dump(profile)) == profile


@given(st.dictionaries(texts, st.dictionaries(texts, moments, max_size=4), max_size=3))
def test_a_leads_day(day: dict[str, dict[str, int]]) -> None:
    assert rows.load_day(rows.dump(day)) == day


@given(persons)
def test_a_persons_figures(figures: PersonFigures) -> None:
    assert rows.load_person(rows.dump(figures)) == figures


@given(definitions)
def test_a_groups_definition(definition: GroupDefinition) -> None:
    assert rows.load_definition(rows.dump(definition)) == definition


@given(st.builds(Decisions, opinions, opinions, opinions))
def test_the_decisions_on_a_lead(decisions: Decisions) -> None:
    assert rows.load_decisions(rows.dump_decisions(decisions)) == decisions


@given(groups)
def test_a_groups_figures(figures: GroupFigures) -> None:
    assert rows.load_group(rows.dump(figures)) == figures
