"""Where a lead's data lies, topic by topic, and how long: what ``erase`` reports and privacy.md lists.

``python -m console.privacy`` prints the table of docs/privacy.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from domain.calendar import Millis, day_of, iso_day, iso_instant
from streams.retention import Ending, Stay, span, stay_of
from streams.topics import ALL_TOPICS, Topic, changelog_name

HOLDS: Final[Mapping[str, str]] = {
    "lead-activity": "what the lead did and when, with its attributes",
    "journey-actions": "journeys' decisions on the lead",
    "manual-edits": "people's decisions on the lead, and who took them",
    "lead-profiles": "names, contact data and custom fields; the erasure itself: ids and its time",
    "score-updated": "scores of the lead",
    "membership-changed": "roles that the lead had, took or lost",
    "assignment-outcome": "answers to decisions on the lead",
    "buying-group-state": "the lead's groups as they stood before: its role, source and score",
    "dead-letters": "what could not be taken of the lead, in its original bytes",
    changelog_name("lead_to_profile"): "the profile as it was",
    changelog_name("lead_day_to_activity"): "ids and times of activity, by day",
    changelog_name("lead_to_score"): "scores as they were",
    changelog_name("group_lead_to_decisions"): "decisions as they stood, by group",
}
"""What a topic has of a lead. A topic that is not here has nothing that names one."""

STAYS: Final[Mapping[str, str]] = {
    changelog_name("lead_to_profile"): "the ids and the time of the newest erasure",
    changelog_name("lead_to_score"): "the ids, a score of 0 and its version",
}
"""What a compaction leaves of an erased lead, so that what comes late is still known as erased."""


@dataclass(frozen=True, slots=True)
class Remains:
    """What a topic may still have of a lead that was erased; ``name`` is the topic's full one."""

    name: str
    topic: Topic
    stay: Stay

    @property
    def holds(self) -> str:
        """Return what it is."""
        return HOLDS[self.topic.name]

    @property
    def leaves(self) -> str | None:
        """Return what a compaction leaves of it; None for nothing."""
        return STAYS.get(self.topic.name)

    @property
    def until(self) -> str:
        """Return until when, for people."""
        day = "" if self.stay.until is None else iso_day(day_of(self.stay.until))
        match self.stay.ending:
            case "retention":
                return day
            case "compaction":
                return f"a compaction, due by {day}" if day else "a compaction"
            case "never":
                return "for good"
            case "process":
                return "the embedded Kafka ends"


def remains_of(namespace: str, settings: Mapping[str, Mapping[str, str]], now: Millis) -> list[Remains]:
    """Return where data of a lead may still lie that was published before ``now``.

    ``settings`` are the broker's, by topic name without namespace; none of them: an embedded Kafka.
    """
    return [
        Remains(topic.full_name(namespace), topic, stay_of(settings.get(topic.name), now))
        for topic in ALL_TOPICS
        if topic.name in HOLDS
    ]


def remains_object(remains: Remains) -> dict[str, Any]:
    """Return what ``erase --output json`` says of a topic."""
    stay = remains.stay
    return {
        "topic": remains.name,
        "holds": remains.holds,
        "ends_by": stay.ending,
        "until": None if stay.until is None else iso_instant(stay.until),
        "leaves": remains.leaves,
        "settings": dict(stay.settings),
    }


def notes_on(remains: Sequence[Remains], consumed: Mapping[str, str]) -> list[str]:
    """Return what people should know of these topics, one note a line.

    ``consumed`` says how far workers have come in topics that are kept for good.
    """
    by_ending: dict[Ending, list[Remains]] = {}
    for each in remains:
        by_ending.setdefault(each.stay.ending, []).append(each)
    notes = []
    if "retention" in by_ending:
        notes.append(
            "Dates: at the latest. Kafka deletes whole segments, after segment.ms and retention.ms."
        )
    compacted = by_ending.get("compaction", [])
    notes += [
        f"A compaction takes out what was replaced or deleted ({settings}): {', '.join(names)}."
        for settings, names in _by_settings(compacted).items()
    ]
    if any(each.stay.until is None for each in compacted):
        notes.append("No setting says when it comes. max.compaction.lag.ms on these topics is a limit.")
    notes += [f"{each.name} then keeps {each.leaves}." for each in compacted if each.leaves is not None]
    if "never" in by_ending:
        notes.append(
            "For good: state can be rebuilt from these topics, so nothing in them ends by itself. What"
            " workers have taken in may be deleted with kafka-delete-records: everybody's records before"
            " an offset, and a rebuild from the inputs lacks them then."
        )
        notes += [f"Taken in of {name}: {until}." for name, until in consumed.items()]
    return notes


def _by_settings(compacted: Iterable[Remains]) -> dict[str, list[str]]:
    alike: dict[str, list[str]] = {}
    for each in compacted:
        settings = ", ".join(
            f"{name} {span(int(value)) if name.endswith('.ms') else value}"
            for name, value in each.stay.settings.items()
            if name != "cleanup.policy"
        )
        alike.setdefault(settings, []).append(each.name)
    return alike


def table(topics: Iterable[Topic] = ALL_TOPICS) -> str:
    """Return the table of docs/privacy.md: every topic as ``topics create`` makes it."""
    lines = ["| topic | holds of a lead | how long |", "|---|---|---|"]
    lines += [
        f"| `{topic.name}` | {HOLDS.get(topic.name, 'nothing')} | {_by_default(topic)} |"
        for topic in topics
    ]
    return "\n".join(lines) + "\n"


def _by_default(topic: Topic) -> str:
    if topic.config["cleanup.policy"] == "compact":
        leaves = STAYS.get(topic.name)
        return "until compaction" + (f"; then {leaves}" if leaves else "")
    retention = int(topic.config["retention.ms"])
    return "for good" if retention < 0 else span(retention)


if __name__ == "__main__":
    print(table(), end="")
