"""A definition goes round all partitions; each keeps it and creates what follows from it, once."""

from itertools import count
from math import inf
from typing import Any

import pytest

from agents import rows
from agents.control import definition_told
from agents.reading import Batch, Origin
from domain.calendar import day_of
from domain.identity import buying_group_id
from schemas.definitions import Definition
from streams.delivery import Outgoing
from streams.tables import encode_key
from streams.topics import (
    BUYING_GROUP_STATE,
    CONTROL,
    DEAD_LETTERS,
    MEMBERSHIP_CHANGED,
    SCORE_UPDATED,
)
from tests.agents.defined import (
    CHIEFS,
    IN_SOFTWARE,
    PUBLISHED,
    interest,
    plain,
    role,
    weighting,
)
from tests.agents.lane import NOW, PARTITIONS, Engine, Lane, controls, records, told, written
from tests.agents.meaning import said, settled
from tests.domain.builders import (
    ACCOUNT,
    FORM,
    GROUP,
    INTEREST,
    TODAY,
    account_profile,
    activities,
    activity,
    decide,
    moment,
    profile,
)

DEFINED = interest(roles=[role(auto_assign=CHIEFS)])
RENAMED = DEFINED.model_copy(
    update={"event_id": "renamed", "name": "CRM Cloud", "updated_at": PUBLISHED + 1}
)


def defining(value: Definition, partition: int = 0) -> Batch:
    return Batch(control=[definition_told(value, partition, NOW)])


@pytest.mark.parametrize("reading", range(PARTITIONS))
def test_a_definition_goes_to_every_partition_in_the_transaction_of_its_batch(reading: int) -> None:
    letter = Outgoing(DEAD_LETTERS.name, b"key", b"garbage")
    (delivery,) = Lane(partition=reading).process(
        Batch(definitions=[DEFINED], onward=[letter]), Batch(events=[activity()])
    )
    sent = controls([delivery])
    assert [(one.kind, one.partition) for one in sent] == [("definition", 0), ("definition", 1)]
    for one in sent:
        assert Definition.model_validate_json(one.definition or "") == DEFINED
        assert (one.tick_id, one.as_of) == (DEFINED.event_id, day_of(PUBLISHED))
    assert len({one.event_id for one in sent}) == PARTITIONS
    assert letter in delivery.records
    assert (rows.DAY, (ACCOUNT, "ada", TODAY)) in written(delivery)


def test_definitions_of_one_batch_go_out_in_their_order() -> None:
    sent = controls(Lane().process(Batch(definitions=[DEFINED, RENAMED])))
    assert [(one.partition, one.tick_id) for one in sent] == [
        (0, "interest"),
        (1, "interest"),
        (0, "renamed"),
        (1, "renamed"),
    ]


@pytest.mark.parametrize(
    "value",
    [
        DEFINED,
        interest(status="draft"),
        weighting(weights={FORM: 20}),
        plain("role", "Champion"),
        plain("role_template", "t"),
        plain("stage_model", "s"),
    ],
    ids=lambda value: f"{value.status} {value.kind}",
)
def test_every_partition_keeps_every_definition(value: Definition) -> None:
    engine = Engine()
    engine.define(value)
    for number, lane in enumerate(engine.lanes):
        kept = lane.rows()[rows.DEFINED, encode_key((number, value.definition_id))]
        assert Definition.model_validate_json(kept) == value


def test_an_account_that_comes_later_gets_its_group_from_a_worker_that_starts_from_the_rows() -> None:
    engine = Engine(forgetful=True)
    assert told(engine.define(DEFINED), BUYING_GROUP_STATE) == []
    engine.take(profile(attributes={"job_title": "Chief Buyer"}))
    (state,) = told(engine.take(account_profile()), BUYING_GROUP_STATE)
    assert (state.buying_group_id, state.name) == (GROUP, "CRM Suite for Acme")
    assert [(member.lead_id, member.source) for member in state.members] == [("ada", "system")]
    assert engine.take(account_profile()) == [], "the record again"
    again = engine.take(account_profile(event_id="later", at=moment(TODAY, hour=14)))
    assert told(again, BUYING_GROUP_STATE) == [], "the group is there"


def test_a_definition_creates_the_groups_of_the_accounts_of_every_partition() -> None:
    engine = Engine()
    accounts = ("acme", "initech", "globex", "hooli")
    engine.take(*(account_profile(account=account) for account in accounts))
    engine.take(activity(account="stranger"))
    states = told(engine.define(DEFINED, partition=1), BUYING_GROUP_STATE)
    assert {state.account_id: state.buying_group_id for state in states} == {
        account: buying_group_id(INTEREST, account) for account in accounts
    }
    assert len(states) == len(accounts), "an account without a record has none"


def test_only_accounts_of_the_audience_get_a_group() -> None:
    engine = Engine()
    for account, industry in (("acme", "software"), ("initech", "Steel"), ("globex", "Software")):
        engine.take(account_profile(account=account, attributes={"industry": industry}))
    engine.define(interest(audiences=[(PUBLISHED, IN_SOFTWARE)]))
    assert {state.account_id for state in engine.states().values()} == {"acme", "globex"}


def test_what_the_creation_job_does_is_caused_by_the_definition() -> None:
    engine = Engine()
    engine.take(account_profile(), profile(attributes={"job_title": "chief buyer"}))
    (joined,) = told(engine.define(DEFINED), MEMBERSHIP_CHANGED)
    assert (joined.cause_event_id, joined.occurred_at) == (DEFINED.event_id, PUBLISHED)
    assert (joined.reason, joined.change, joined.current.source) == ("membership", "added", "system")


def test_what_a_definition_causes_carries_on_its_trace_and_whether_it_is_a_replay() -> None:
    lane = Lane()
    lane.fold(account_profile(), profile(attributes={"job_title": "chief buyer"}))
    origins = {DEFINED.event_id: Origin("00-trace", replay=True)}
    sent = records(lane.process(Batch(definitions=[DEFINED], origins=origins)), CONTROL)
    assert [dict(one.headers)["traceparent"] for one in sent] == [b"00-trace"] * PARTITIONS

    delivered = lane.process(Batch(control=defining(DEFINED).control, origins=origins))
    caused = records(delivered, MEMBERSHIP_CHANGED) + records(delivered, BUYING_GROUP_STATE)
    assert [dict(one.headers)["traceparent"] for one in caused] == [b"00-trace"] * 2
    (state,) = told(delivered, BUYING_GROUP_STATE)
    (joined,) = told(delivered, MEMBERSHIP_CHANGED)
    assert (state.replay, joined.replay) == (True, True)


@pytest.mark.parametrize("forgetful", [False, True])
def test_a_definition_that_is_read_again_changes_nothing_more(forgetful: bool) -> None:
    engine = Engine(forgetful=forgetful)
    engine.take(account_profile(), account_profile(account="initech"))
    engine.define(DEFINED)
    before = engine.rows()
    repeated = engine.define(DEFINED, DEFINED, partition=1)
    assert {record.topic for one in repeated for record in one.records} == {CONTROL.name}
    assert engine.rows() == before


@pytest.mark.parametrize("forgetful", [False, True])
def test_an_older_version_changes_nothing_and_a_newer_one_changes_the_group(forgetful: bool) -> None:
    engine = Engine(forgetful=forgetful)
    engine.take(account_profile())
    engine.define(DEFINED)
    (state,) = told(engine.define(RENAMED), BUYING_GROUP_STATE)
    assert (state.buying_group_id, state.name, state.version) == (GROUP, "CRM Cloud for Acme", 2)
    before = engine.rows()
    for lane in engine.lanes:
        assert lane.process(defining(DEFINED, lane.partition)) == []
    assert engine.rows() == before


def test_of_versions_of_one_time_the_greater_event_id_stands() -> None:
    lane = Lane()
    lane.fold(account_profile())
    one, other = (DEFINED.model_copy(update={"event_id": name, "name": name}) for name in "ab")
    lane.process(defining(other))
    assert lane.process(defining(one)) == []
    key = (rows.DEFINED, encode_key((0, DEFINED.definition_id)))
    assert Definition.model_validate_json(lane.rows()[key]).name == "b"


def test_a_weighting_model_writes_its_row_and_nothing_else() -> None:
    lane = Lane()
    lane.fold(account_profile(), decide(), *activities(3))
    (delivery,) = lane.process(defining(weighting(weights={FORM: 20})))
    assert written(delivery) == {(rows.DEFINED, (0, "weighting_model:bold"))}
    assert delivery.records == []


def test_a_group_stays_when_the_record_that_led_to_it_is_not_kept_any_more() -> None:
    """The next worker knows of it by the account's row."""
    engine = Engine(forgetful=True)
    audiences = [(PUBLISHED, IN_SOFTWARE)]
    engine.define(interest(audiences=audiences))
    for place, industry in enumerate(["Software", *["Steel"] * 25]):
        told_at = moment(TODAY - 40 + place)
        engine.take(account_profile(event_id=f"{place}", at=told_at, attributes={"industry": industry}))
    renamed = interest(audiences=audiences, event_id="renamed", name="CRM Cloud", at=PUBLISHED + 1)
    (state,) = told(engine.define(renamed), BUYING_GROUP_STATE)
    assert state.name == "CRM Cloud for Acme"


def populated() -> Engine:
    """Return accounts in both partitions, with people for a template and without a group yet."""
    engine = Engine()
    for account in ("acme", "initech", "globex", "hooli", "umbrella"):
        engine.take(
            account_profile(account=account),
            profile(account=account, attributes={"job_title": "Chief of Staff"}),
            decide(lead="bob", account=account),
            *activities(2, account=account),
        )
    return engine


def test_a_definition_interrupted_between_its_accounts_ends_as_if_it_had_not_been() -> None:
    whole = populated()
    expected = whole.define(DEFINED)
    assert len(expected) == 1 + 5, "the reading, and one step for each account"
    for dying_after in count(1):
        engine = populated()
        engine.dying_after = dying_after
        done = engine.define(DEFINED)
        assert said(engine.states()) == said(whole.states())
        assert [settled(one) for one in engine.rows()] == [settled(one) for one in whole.rows()]
        assert joined(done) == joined(expected)
        if engine.dying_after > 0:
            break
    assert dying_after > len(expected)


def joined(deliveries: list[Any]) -> list[str]:
    return sorted(map(str, told(deliveries, MEMBERSHIP_CHANGED)))


def test_an_account_that_changes_between_the_steps_of_a_definition_has_its_group_already() -> None:
    """After a restart other topics may come first; the definition is in the tables by then."""
    whole, interrupted = Lane(), Lane()
    names = ("acme", "globex", "umbrella")
    for lane in (whole, interrupted):
        lane.fold(*(account_profile(account=account) for account in names))
    later = account_profile(account="umbrella", event_id="later", at=moment(TODAY, hour=14), name="U")
    whole.process(defining(DEFINED))
    whole.fold(later)

    next(interrupted.processing(defining(DEFINED)))
    resumed = interrupted.restarted()
    (state,) = told([resumed.fold(later)], BUYING_GROUP_STATE)
    assert state.name == "CRM Suite for U"
    resumed.process(defining(DEFINED))
    assert settled(resumed.rows()) == settled(whole.rows())


def test_a_definition_that_could_not_be_delivered_is_forgotten() -> None:
    lane = Lane()
    lane.fold(account_profile())
    (refused,) = [one for one in lane.processor.steps([defining(DEFINED)]) if one]
    lane.processor.discard()
    assert lane.process(Batch(events=[account_profile(event_id="later", at=NOW)]))
    assert not lane.rows().keys() & {(rows.DEFINITION, encode_key((ACCOUNT, GROUP)))}
    (again,) = lane.process(defining(DEFINED))
    assert written(again) == written(refused)


def test_a_definition_does_not_hide_what_the_date_did_to_an_account() -> None:
    """Until the first tick the date follows the activity; who is looked at later is caught up then."""
    engine = Engine()
    engine.take(account_profile(), *activities(3))
    engine.take(*activities(2, account="globex", at=moment(TODAY + 31)))
    scores = told(engine.define(DEFINED), SCORE_UPDATED)
    assert [(score.lead_id, score.reason) for score in scores] == [("ada", "decay")]
    scores = told(engine.take(*activities(1, "bob", named="b", at=moment(TODAY + 31))), SCORE_UPDATED)
    assert [(score.lead_id, score.reason) for score in scores] == [("bob", "activity")]


@pytest.mark.parametrize(("step_s", "sizes"), [(0.0, [1, 1, 1]), (inf, [3])], ids=["short", "long"])
def test_a_definition_of_many_accounts_is_delivered_in_steps_of_so_much_time(
    step_s: float, sizes: list[int]
) -> None:
    lane = Lane(step_s=step_s)
    lane.fold(*(account_profile(account=f"account-{number}") for number in range(3)))
    delivered = lane.process(defining(DEFINED))
    assert [len(told([one], BUYING_GROUP_STATE)) for one in delivered] == sizes


def test_a_draft_creates_nothing_until_it_is_live() -> None:
    engine = Engine()
    engine.take(account_profile())
    draft = DEFINED.model_copy(update={"status": "draft"})
    assert told(engine.define(draft), BUYING_GROUP_STATE) == []
    live = DEFINED.model_copy(update={"event_id": "live", "updated_at": PUBLISHED + 1})
    assert [state.buying_group_id for state in told(engine.define(live), BUYING_GROUP_STATE)] == [GROUP]
