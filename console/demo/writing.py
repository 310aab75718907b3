"""Writes the story's events: ids are counted, times are the story's own, never a clock's."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from console.demo.cast import INTERESTS, TEMPLATE
from console.demo.records import GroupPlace, Person, Record
from domain.calendar import MILLIS_PER_DAY, Day, Millis, day_of
from domain.identity import buying_group_id
from schemas.inputs import (
    Account,
    BuyingGroup,
    Edit,
    JourneyAction,
    LeadActivity,
    LeadProfile,
    ManualEdit,
)
from streams.topics import (
    ACCOUNTS,
    BUYING_GROUPS,
    JOURNEY_ACTIONS,
    LEAD_ACTIVITY,
    LEAD_PROFILES,
    MANUAL_EDITS,
)

EDITORS = ("maria.keller", "tom.adeyemi")
"""The account managers who edit by hand."""


def place_of(account_id: str, account: str, interest_id: str) -> GroupPlace:
    """Return the group of an account for an interest."""
    return GroupPlace(
        buying_group_id(interest_id, account_id),
        account_id,
        account,
        interest_id,
        INTERESTS[interest_id],
    )


class Pen:
    """Makes records with ids that count up; all live times stay on the day of ``start``.

    Activity of a later day than the engine's date would not count yet, and a demo started a few
    seconds before midnight must not wait for it.
    """

    def __init__(self, start: Millis) -> None:
        self.start = start
        self.today: Day = day_of(start)
        self._counts: Counter[str] = Counter()

    def now(self, after_s: float) -> Millis:
        """Return the story's time so many seconds after its start."""
        last = (self.today + 1) * MILLIS_PER_DAY - 1
        return min(self.start + int(after_s * 1000), last)

    def account(self, account_id: str, name: str, industry: str, region: str, at: Millis) -> Record:
        """An account's own data."""
        event = Account(
            event_id=self._next("account"),
            account_id=account_id,
            updated_at=at,
            name=name,
            industry=industry,
            region=region,
        )
        return Record(ACCOUNTS.name, event.event_id, account_id, event)

    def group(self, place: GroupPlace, at: Millis) -> Record:
        """A buying group as it is created."""
        event = BuyingGroup(
            event_id=self._next("group"),
            account_id=place.account_id,
            buying_group_id=place.buying_group_id,
            solution_interest_id=place.interest_id,
            name=f"{place.interest} for {place.account}",
            created_at=at,
            role_template=TEMPLATE,
        )
        return Record(BUYING_GROUPS.name, event.event_id, place.account_id, event)

    def profile(
        self, person: Person, at: Millis, status: Literal["active", "left"] = "active"
    ) -> Record:
        """A lead's profile."""
        event = LeadProfile(
            event_id=self._next("profile"),
            account_id=person.account_id,
            lead_id=person.lead_id,
            updated_at=at,
            status=status,
            first_name=person.first_name,
            last_name=person.last_name,
            job_title=person.job_title,
        )
        return Record(LEAD_PROFILES.name, event.event_id, person.account_id, event)

    def activity(
        self, person: Person, activity_type: str, at: Millis, *, misplaced: bool = False
    ) -> Record:
        """Something a lead did."""
        event = LeadActivity(
            event_id=self._next("activity"),
            account_id=person.account_id,
            lead_id=person.lead_id,
            activity_type=activity_type,
            occurred_at=at,
        )
        return Record(LEAD_ACTIVITY.name, event.event_id, person.account_id, event, misplaced=misplaced)

    def assign(self, place: GroupPlace, person: Person, role: str, at: Millis) -> Record:
        """A journey puts a lead into a group."""
        event = JourneyAction(
            event_id=self._next("journey"),
            account_id=place.account_id,
            solution_interest_id=place.interest_id,
            journey_id=f"{place.interest_id}-nurture",
            node_id="assign",
            decided_at=at,
            action="assign",
            lead_id=person.lead_id,
            role=role,
        )
        return Record(JOURNEY_ACTIONS.name, event.event_id, place.account_id, event)

    def remove(self, place: GroupPlace, person: Person, at: Millis) -> Record:
        """A journey takes a lead out of a group."""
        event = JourneyAction(
            event_id=self._next("journey"),
            account_id=place.account_id,
            solution_interest_id=place.interest_id,
            journey_id=f"{place.interest_id}-clean-up",
            node_id="no-reply-in-30-days",
            decided_at=at,
            action="remove",
            lead_id=person.lead_id,
        )
        return Record(JOURNEY_ACTIONS.name, event.event_id, place.account_id, event)

    def edit(self, place: GroupPlace, person: Person, role: str, editor: str, at: Millis) -> Record:
        """A person puts a lead into a group by hand."""
        event = ManualEdit(
            event_id=self._next("edit"),
            account_id=place.account_id,
            buying_group_id=place.buying_group_id,
            edited_by=editor,
            decided_at=at,
            edits=[Edit(lead_id=person.lead_id, operation="assign", role=role)],
        )
        return Record(MANUAL_EDITS.name, event.event_id, place.account_id, event)

    def broken(self, person: Person) -> Record:
        """The bytes of a producer that was never told about Avro."""
        event_id = self._next("broken")
        raw = f'{{"event_id": "{event_id}", "lead_id": "{person.lead_id}", "type": "pageView"}}'
        return Record(LEAD_ACTIVITY.name, event_id, person.account_id, raw=raw.encode())

    def _next(self, kind: str) -> str:
        self._counts[kind] += 1
        return f"{kind}-{self._counts[kind]:05d}"
