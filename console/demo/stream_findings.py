"""What was worth seeing of the stream: duplicates, late, broken and misplaced records."""

from __future__ import annotations

from console.demo.evidence import Evidence, NotSeen, Telling
from domain.calendar import date_of
from schemas.outputs import ScoreUpdated
from streams.letter_headers import DETAIL, OFFSET, PARTITION, REASON
from streams.placement import partition_of
from streams.topics import DEAD_LETTERS, LEAD_ACTIVITY, SCORE_UPDATED


def duplicate_did_not_count(seen: Evidence) -> Telling:
    """A record that came twice moved a score once."""
    scene = seen.story.scenes.duplicate
    who = seen.name(scene.lead)
    copies = seen.receipts.get(scene.twice, [])
    first, where_first = seen.person_score(scene.twice)
    then, where_then = seen.person_score(scene.after)
    behind = seen.receipt(scene.after)
    moved = seen.board.seen(SCORE_UPDATED.name, scene.twice)
    persons = [
        one
        for one in moved
        if isinstance(one.value, ScoreUpdated) and one.value.subject_type == "person"
    ]
    if len(copies) != 2 or not copies[0] < copies[1] < behind:  # noqa: PLR2004 - twice
        raise NotSeen(f"{scene.twice} is not twice in front of the next activity")
    if len(persons) != 1 or then.version != first.version + 1:
        raise NotSeen(f"{who}'s score moved more than once for {scene.twice}")
    if then.previous != first.current:
        raise NotSeen(f"{who}'s score moved between the two activities")
    return Telling(
        f"{who}'s form counted once: {first.previous:.2f} → {first.current:.2f}. Its copy moved"
        f" nothing: the next activity takes the score on from {then.previous:.2f}.",
        f"{scene.twice} at {LEAD_ACTIVITY.name}/{copies[0][0]}@{copies[0][1]} and"
        f" @{copies[1][1]} → {where_first.place}, version {first.version}; the next at"
        f" @{behind[1]} → {where_then.place}, version {then.version}",
    )


def late_event_counted(seen: Evidence) -> Telling:
    """A late event counted for its own day, and left the window with it."""
    scene = seen.story.scenes.late
    who = seen.name(scene.lead)
    counted, where = seen.person_score(scene.activity)
    for sighting in seen.of(SCORE_UPDATED.name):
        decay = sighting.value
        if isinstance(decay, ScoreUpdated) and decay.lead_id == scene.lead and decay.reason == "decay":
            break
    else:
        raise NotSeen(f"{who}'s score did not decay when the day moved on")
    if decay.raw_current != counted.raw_previous:
        raise NotSeen(f"{who} did not return to the raw score of before the late event")
    return Telling(
        f"{who}'s visit of {date_of(scene.day):%-d %B} arrived today and counted: raw"
        f" {counted.raw_previous:.2f} → {counted.raw_current:.2f}. With the next day tick that"
        f" day left the window, and the visit with it: back to {decay.raw_current:.2f}.",
        f"{scene.activity} → {where.place} (activity); {sighting.place} (decay)",
    )


def broken_record_was_kept(seen: Evidence) -> Telling:
    """Bytes that are no event are in dead-letters, unchanged, with the reason."""
    event_id = seen.story.scenes.broken
    sent = next(record.raw for record in seen.story.live if record.event_id == event_id)
    letters = seen.board.seen(DEAD_LETTERS.name, event_id)
    if not letters:
        raise NotSeen(f"no dead letter for {event_id}")
    letter = letters[0]
    told = {name: letter.headers.get(name, b"").decode() for name in (PARTITION, OFFSET, REASON, DETAIL)}
    partition, offset = seen.receipt(event_id)
    if letter.raw != sent or not told[REASON]:
        raise NotSeen(f"the dead letter of {event_id} has other bytes, or no reason")
    if (told[PARTITION], told[OFFSET]) != (str(partition), str(offset)):
        raise NotSeen(f"the dead letter of {event_id} names another place")
    return Telling(
        f"JSON in an Avro topic went to dead-letters, all {len(sent)} bytes unchanged, with the"
        f" reason {told[REASON]}: {told[DETAIL]}. The records behind it were processed.",
        f"{LEAD_ACTIVITY.name}/{partition}@{offset} → {letter.place}",
    )


def misplaced_record_was_routed(seen: Evidence) -> Telling:
    """A record in another account's partition was routed to its own."""
    scene = seen.story.scenes.misplaced
    home = partition_of(seen.story.people[scene.lead].account_id, seen.partitions)
    wrong, offset = seen.receipt(scene.activity)
    copies = seen.board.seen(LEAD_ACTIVITY.name, scene.activity)
    routed = next((copy for copy in copies if copy.partition == home), None)
    score, where = seen.person_score(scene.activity)
    if wrong == home or routed is None:
        raise NotSeen(f"{scene.activity} was not routed to partition {home}")
    return Telling(
        f"{seen.name(scene.lead)}'s registration was written to partition {wrong}, but the account"
        f" lives in {home}. It was routed there and counted: {score.previous:.2f} →"
        f" {score.current:.2f}.",
        f"{LEAD_ACTIVITY.name}/{wrong}@{offset} → {routed.place} → {where.place}",
    )
