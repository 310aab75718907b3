"""Every row comes back from the tables as it was written."""

from hypothesis import given
from hypothesis import strategies as st

from agents import rows
from agents.definitions import read_row
from domain.account import Account, Group, GroupFigures, PersonFigures
from domain.completeness import MissingRole
from domain.events import AccountProfile, GroupDefinition, LeadProfile, TemplateRole
from domain.membership import Decisions, Ruling
from domain.stages import Move, Progress, ProgressFigures, Status
from schemas.definitions import Definition
from schemas.fields import INT32_MAX, LAST_MILLIS
from streams.topics import TABLES
from tests.schemas.parts import defined

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
records = st.builds(
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
    score_version=counts,
    completeness_version=counts,
    membership_version=counts,
    outcome_version=counts,
    state_version=counts,
    score=scores,
    raw=roots,
    completeness=st.none() | scores,
    missing_roles=st.lists(st.builds(MissingRole, texts, st.integers(1, INT32_MAX)), max_size=3).map(
        tuple
    ),
)
progresses = st.builds(
    Progress,
    moves=st.lists(st.builds(Move, texts, texts), max_size=4).map(tuple),
    start=st.none() | texts,
    status=st.none() | st.builds(Status, moments, texts, texts),
    figures=st.builds(ProgressFigures, counts, counts, st.none() | texts, st.none() | texts),
)


def test_every_table_has_one_kind_of_row() -> None:
    assert sorted(TABLES) == sorted(
        [
            rows.ACCOUNT,
            rows.LEAD,
            rows.DAY,
            rows.PERSON,
            rows.DEFINITION,
            rows.DECISIONS,
            rows.PROGRESS,
            rows.GROUP,
            rows.DEFINED,
            rows.CLOCK,
        ]
    )


@given(st.none() | leads, st.integers(-1, LAST_MILLIS))
def test_a_leads_profile_and_erasure(profile: LeadProfile | None, erased_at: int) -> None:
    assert rows.load_lead(rows.dump_lead(profile, erased_at)) == (profile, erased_at)


@given(st.lists(records, max_size=3).map(tuple), st.dictionaries(texts, moments, max_size=3))
def test_an_accounts_records_and_when_it_entered_audiences(
    told: tuple[AccountProfile, ...], entered: dict[str, int]
) -> None:
    account = Account("acme", told, entered)
    assert rows.load_account(rows.dump_account(account)) == (told, entered)


@given(st.dictionaries(texts, st.dictionaries(texts, moments, max_size=4), max_size=3))
def test_a_leads_day(day: dict[str, dict[str, int]]) -> None:
    assert rows.load_day(rows.dump(day)) == day


@given(persons)
def test_a_persons_figures(figures: PersonFigures) -> None:
    assert rows.load_person(rows.dump(figures)) == figures


@given(st.none() | definitions, st.none() | definitions)
def test_a_groups_record_and_what_the_creation_job_made_it(
    record: GroupDefinition | None, created: GroupDefinition | None
) -> None:
    group = Group(record=record, created=created)
    assert rows.load_definition(rows.dump_definition(group)) == (record, created)


@given(progresses)
def test_a_groups_moves_and_status(progress: Progress) -> None:
    assert rows.load_progress(rows.dump(progress)) == progress


@given(defined)
def test_a_definition_of_the_tenant(definition: Definition) -> None:
    """As JSON, in its row and in a control record; its times are whole milliseconds."""
    row = definition.model_dump_json()
    assert read_row(row) == read_row(row.encode()) == definition


@given(st.builds(Decisions, opinions, opinions, opinions))
def test_the_decisions_on_a_lead(decisions: Decisions) -> None:
    assert rows.load_decisions(rows.dump_decisions(decisions)) == decisions


@given(groups)
def test_a_groups_figures(figures: GroupFigures) -> None:
    assert rows.load_group(rows.dump(figures)) == figures
