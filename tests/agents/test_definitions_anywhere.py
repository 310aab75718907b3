"""It does not matter when definitions are heard of: groups come out as the fold of all events."""

from typing import Any

import orjson
from hypothesis import given, settings

from agents import rows
from agents.outputs import state_contract
from domain.calendar import Day
from domain.definitions import ModelDefinition, SolutionInterest
from domain.replay import fold_all
from streams.tables import decode_key
from tests.agents.lane import NOW, Engine
from tests.agents.meaning import said
from tests.domain.stream import Event, Stream
from tests.domain.streams import LAST_DAY, dates, streams


@given(streams(max_parts=24), dates(max_size=3))
@settings(max_examples=60)
def test_definitions_anywhere_between_the_events_come_out_as_definitions_first(
    stream: Stream, days: list[Day]
) -> None:
    """Also when they come twice, in another order, while ticks are under way, and workers die."""
    first, anywhere = Engine(), Engine()
    tenant = [event for event in stream.events if is_definition(event)]
    first.take(*tenant)
    first.carry()
    first.take(*(event for event in stream.events if not is_definition(event)))
    chance = stream.chance("carried")
    ticks = list(days)
    for number, batch in enumerate(stream.batches("anywhere")):
        anywhere.dying_after = chance.choice((0, 0, 0, 1, 2, 3))
        anywhere.take(*batch)
        if ticks and chance.random() < 0.2:
            anywhere.ask(ticks.pop(0), f"tick-{number}")
        for _ in range(chance.choice((0, 0, 1, 2, 9))):
            anywhere.carry_each()
    for engine in (first, anywhere):
        engine.carry()
        engine.tick(LAST_DAY, "the last")
    assert told_in(anywhere) == told_in(first)
    assert said(anywhere.states()) == said(first.states())
    folded = {one.buying_group_id: state_contract(one, NOW) for one in fold_all(stream.events, LAST_DAY)}
    assert said(anywhere.states()) == said(folded)


def is_definition(event: Event) -> bool:
    return isinstance(event, SolutionInterest | ModelDefinition)


def told_in(engine: Engine) -> list[dict[tuple[str, str], Any]]:
    """Return what the rows keep of what was told, not what was reported of it on the way."""
    found = []
    for stored in engine.rows():
        kept: dict[tuple[str, str], Any] = {}
        for (table, key), row in stored.items():
            fields = orjson.loads(row)
            if table in {rows.PERSON, rows.GROUP}:
                continue
            if table == rows.DEFINITION and fields["created"] and fields["created"]["deleted"]:
                # A creation that was withdrawn is the same as none.
                fields["created"] = None
            if table == rows.PROGRESS:
                fields.pop("figures")
            if fields != {"record": None, "created": None}:
                kept[table, str(decode_key(key))] = fields
        found.append(kept)
    return found
