"""What was worth seeing: each claim is looked up in what was read from the topics, or is not made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from console.demo import rule_findings as rules
from console.demo import stream_findings as stream
from console.demo.evidence import Evidence, NotSeen, Telling


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth seeing: what it is, in a few words, what happened, and where that stands."""

    title: str
    told: str
    evidence: str


CLAIMS: Final[tuple[tuple[str, Callable[[Evidence], Telling]], ...]] = (
    ("An account that enters an audience gets its group", rules.group_was_created),
    ("A job title is enough to join", rules.title_was_enough),
    ("Engagement is enough to join", rules.engagement_was_enough),
    ("Manual beats journey beats system", rules.manual_beats_journey_beats_system),
    ("A journey moves a group and names its status", rules.group_moved),
    ("A move that the stages do not allow is refused", rules.move_was_refused),
    ("A group completes with its last seat", rules.group_completed),
    ("Who leaves the account leaves the group", rules.leaver_was_succeeded),
    ("Decay is never mistaken for activity", rules.engagement_decayed),
    ("A late event counts for its own day", stream.late_event_counted),
    ("A duplicate does not count twice", stream.duplicate_did_not_count),
    ("A broken record is kept, not lost", stream.broken_record_was_kept),
    ("A misplaced record finds its account", stream.misplaced_record_was_routed),
)
"""Each claim with what looks it up."""


def look_up(evidence: Evidence) -> tuple[list[Finding], list[str]]:
    """Return what was seen, and a line for each thing that was not."""
    seen: list[Finding] = []
    missing: list[str] = []
    for title, look in CLAIMS:
        try:
            told, where = look(evidence)
        except NotSeen as problem:
            missing.append(f"{title}: {problem}")
        else:
            seen.append(Finding(title, told, where))
    return seen, missing
