"""What is said of a lead's data is what the topics and contracts are."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from console.privacy import HOLDS, STAYS, notes_on, remains_object, remains_of, table
from schemas.contracts import CONTRACTS
from streams.topics import ALL_TOPICS, BY_NAME, DEAD_LETTERS
from tests.console.calling import ROOT

DAY = 86_400_000
NOW = 1_795_000_000_000
AS_CREATED = {topic.name: topic.config for topic in ALL_TOPICS}


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model that a field's type names, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models_in(field.annotation)
    for inner in get_args(annotation):
        yield from models_in(inner)


def test_the_document_has_the_table_of_the_topics() -> None:
    document = (ROOT / "docs" / "privacy.md").read_text()
    found = re.search(r"<!-- console.privacy -->\n(.*?)<!-- /console.privacy -->", document, re.DOTALL)
    assert found is not None
    assert found[1] == table()


def test_every_topic_that_is_said_to_hold_something_exists() -> None:
    assert set(HOLDS) <= set(BY_NAME)
    assert set(STAYS) <= set(HOLDS)


@pytest.mark.parametrize("topic", [topic for topic in ALL_TOPICS if topic.kind != "changelog"])
def test_a_topic_holds_something_of_a_lead_only_if_its_contract_can_name_one(topic: Any) -> None:
    if topic is DEAD_LETTERS:
        assert topic.name in HOLDS
        return
    fields = {name for model in models_in(CONTRACTS[topic.name].model) for name in model.model_fields}
    if topic.name in HOLDS:
        assert "lead_id" in fields
    elif topic.kind != "output":
        # Every output has the field; which ones fill it is seen on a worker's own outputs.
        assert "lead_id" not in fields


def test_a_date_is_told_for_each_topic_that_forgets_by_age() -> None:
    by_name = {each.topic.name: each for each in remains_of("bg", AS_CREATED, NOW)}
    assert list(by_name) == [topic.name for topic in ALL_TOPICS if topic.name in HOLDS]
    assert by_name["lead-activity"].until == "2026-12-30"
    assert by_name["lead-profiles"].until == "for good"
    assert by_name["buying-group-state"].until == "a compaction"
    assert remains_object(by_name["dead-letters"]) == {
        "topic": "bg.dead-letters",
        "holds": "what could not be taken of the lead, in its original bytes",
        "ends_by": "retention",
        "until": "2026-12-25T11:06:40.000Z",
        "leaves": None,
        "settings": {
            "cleanup.policy": "delete",
            "retention.ms": str(30 * DAY),
            "segment.ms": str(7 * DAY),
        },
    }


def test_notes_say_by_which_settings_a_compaction_comes_and_what_may_be_done() -> None:
    remains = remains_of("bg", AS_CREATED, NOW)
    notes = notes_on(remains, {"bg.lead-profiles": "partition 2 before offset 17"})
    assert (
        "A compaction takes out what was replaced or deleted (segment.ms 1 day,"
        " min.cleanable.dirty.ratio 0.5, max.compaction.lag.ms not limited, delete.retention.ms 1 day):"
        " bg.engine-lead_to_profile-changelog, bg.engine-lead_day_to_activity-changelog,"
        " bg.engine-lead_to_score-changelog, bg.engine-group_lead_to_decisions-changelog."
    ) in notes
    assert "No setting says when it comes. max.compaction.lag.ms on these topics is a limit." in notes
    assert "Taken in of bg.lead-profiles: partition 2 before offset 17." in notes
    assert any("kafka-delete-records" in note for note in notes)


def test_with_a_limit_the_compaction_is_due_by_a_date() -> None:
    limited = {
        name: {**config, "max.compaction.lag.ms": str(7 * DAY)} for name, config in AS_CREATED.items()
    }
    remains = remains_of("bg", limited, NOW)
    by_name = {each.topic.name: each for each in remains}
    assert by_name["buying-group-state"].until == "a compaction, due by 2026-11-25"
    assert not any("No setting says" in note for note in notes_on(remains, {}))


def test_on_an_embedded_kafka_everything_ends_with_it() -> None:
    remains = remains_of("bg", {}, NOW)
    assert {each.until for each in remains} == {"the embedded Kafka ends"}
    assert notes_on(remains, {}) == []
