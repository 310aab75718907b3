"""The creation job: which groups follow from solution interests and account records (domain.md §3).

A group is created at the first moment at which its account was in the interest's audience. That is a
join of two histories by their own times, the account's records and the interest's audiences, so it comes
out the same whichever of them is heard of first. Leaving the audience deletes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from domain.calendar import Millis
from domain.conditions import compile_account
from domain.definitions import Audience, SolutionInterest
from domain.events import AccountProfile, GroupDefinition
from domain.identity import buying_group_id

MOST_RECORDS: Final = 20
"""So many of an account's newest records are kept. What an older one led to is kept as a date."""

_FOREVER: Final = 2**63


def remember(
    records: Sequence[AccountProfile], record: AccountProfile
) -> tuple[AccountProfile, ...] | None:
    """Return an account's records, newest first, with one more; None when it is there already.

    The result may hold one record more than are kept.
    """
    order = (record.updated_at, record.event_id)
    if any((known.updated_at, known.event_id) == order for known in records):
        return None
    every = [*records, record]
    every.sort(key=lambda known: (known.updated_at, known.event_id), reverse=True)
    return tuple(every)


def entered_at(interest: SolutionInterest, records: Sequence[AccountProfile]) -> Millis | None:
    """Return when an account first was in an interest's audience, None if it never was.

    ``records`` are the account's, newest first; each counts until the next one.
    """
    first: Millis | None = None
    until = _FOREVER
    for record in records:
        at = _first_match(interest.audiences, record, until)
        if at is not None:
            first = at if first is None else min(first, at)
        until = record.updated_at
    return first


def entered_by_oldest(interest: SolutionInterest, records: Sequence[AccountProfile]) -> Millis | None:
    """Return what an account's oldest record alone tells of :func:`entered_at`."""
    until = records[-2].updated_at if len(records) > 1 else _FOREVER
    return _first_match(interest.audiences, records[-1], until)


def group_of(
    interest: SolutionInterest, account_id: str, record: AccountProfile | None, at: Millis
) -> GroupDefinition:
    """Return the group that the job creates for an account, the interest's template embedded."""
    known_name = None if record is None else record.attributes.get("name")
    group_id = buying_group_id(interest.interest_id, account_id)
    return GroupDefinition(
        event_id=group_id,
        account_id=account_id,
        buying_group_id=group_id,
        solution_interest_id=interest.interest_id,
        name=f"{interest.name} for {known_name or account_id}",
        created_at=at,
        update_existing_groups=interest.update_existing_groups,
        template_id=interest.template_id,
        template_version=interest.template_version,
        roles=interest.roles,
        stage_model=interest.stage_model,
    )


def _first_match(audiences: Sequence[Audience], record: AccountProfile, until: Millis) -> Millis | None:
    ends = (*(audience.since for audience in audiences[1:]), _FOREVER)
    for audience, end in zip(audiences, ends, strict=True):
        at = max(audience.since, record.updated_at)
        if at < min(end, until) and _takes(audience, record):
            return at
    return None


def _takes(audience: Audience, record: AccountProfile) -> bool:
    if audience.condition is None:
        return True
    return compile_account(audience.condition).matches(record.attributes, record.custom, 0.0)
