"""Writes the story's events: ids are counted, times are the story's own, never a clock's."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Literal

from console.demo.cast import EDITORS, Company
from console.demo.records import GroupPlace, Person, Record
from domain.calendar import MILLIS_PER_DAY, Day, Millis, day_of
from schemas.definitions import Definition
from schemas.inputs import (
    Account,
    Edit,
    JourneyAction,
    JourneyOperation,
    LeadActivity,
    LeadProfile,
    ManualEdit,
    Operation,
)
from streams.topics import (
    ACCOUNTS,
    DEFINITIONS,
    JOURNEY_ACTIONS,
    LEAD_ACTIVITY,
    LEAD_PROFILES,
    MANUAL_EDITS,
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

    def new_id(self, kind: str) -> str:
        """Return the next id of a kind."""
        self._counts[kind] += 1
        return f"{kind}-{self._counts[kind]:05d}"

    def definition(self, definition: Definition) -> Record:
        """A definition, as ``definitions publish`` sends it."""
        return Record(DEFINITIONS.name, definition.event_id, definition.definition_id, definition)

    def account(self, company: Company, at: Millis) -> Record:
        """An account's own data."""
        event = Account(
            event_id=self.new_id("account"),
            account_id=company.account_id,
            updated_at=at,
            name=company.name,
            industry=company.industry,
            region=company.region,
            custom={} if company.tier is None else {"tier": company.tier},
        )
        return Record(ACCOUNTS.name, event.event_id, company.account_id, event)

    def profile(
        self, person: Person, at: Millis, status: Literal["active", "left"] = "active"
    ) -> Record:
        """A lead's profile."""
        event = LeadProfile(
            event_id=self.new_id("profile"),
            account_id=person.account_id,
            lead_id=person.lead_id,
            updated_at=at,
            status=status,
            first_name=person.first_name,
            last_name=person.last_name,
            job_title=person.job_title,
        )
        return Record(LEAD_PROFILES.name, event.event_id, person.account_id, event)

    def promotion(self, person: Person, job_title: str, at: Millis) -> Record:
        """A lead's profile with another title."""
        return self.profile(replace(person, job_title=job_title), at)

    def activity(
        self, person: Person, activity_type: str, at: Millis, *, misplaced: bool = False
    ) -> Record:
        """Something a lead did."""
        event = LeadActivity(
            event_id=self.new_id("activity"),
            account_id=person.account_id,
            lead_id=person.lead_id,
            activity_type=activity_type,
            occurred_at=at,
        )
        return Record(LEAD_ACTIVITY.name, event.event_id, person.account_id, event, misplaced=misplaced)

    def assign(self, place: GroupPlace, person: Person, role: str, at: Millis) -> Record:
        """A journey puts a lead into a group."""
        return self._journey(place, "assign", at, lead_id=person.lead_id, role=role)

    def release(self, place: GroupPlace, person: Person, at: Millis) -> Record:
        """A journey withdraws what it decided on a lead."""
        return self._journey(place, "release", at, lead_id=person.lead_id)

    def move(self, place: GroupPlace, stage: str, at: Millis) -> Record:
        """A journey moves a group to a stage."""
        return self._journey(place, "update_stage", at, stage=stage)

    def status(self, place: GroupPlace, status: str, at: Millis) -> Record:
        """A journey names a group's status."""
        return self._journey(place, "update_status", at, status=status)

    def edit(
        self,
        place: GroupPlace,
        person: Person,
        operation: Operation,
        at: Millis,
        *,
        role: str | None = None,
        editor: str = EDITORS[0],
    ) -> Record:
        """A person decides on a lead by hand."""
        event = ManualEdit(
            event_id=self.new_id("edit"),
            account_id=place.account_id,
            buying_group_id=place.buying_group_id,
            edited_by=editor,
            decided_at=at,
            edits=[Edit(lead_id=person.lead_id, operation=operation, role=role)],
        )
        return Record(MANUAL_EDITS.name, event.event_id, place.account_id, event)

    def broken(self, person: Person) -> Record:
        """The bytes of a producer that was never told about Avro."""
        event_id = self.new_id("broken")
        raw = f'{{"event_id": "{event_id}", "lead_id": "{person.lead_id}", "type": "pageView"}}'
        return Record(LEAD_ACTIVITY.name, event_id, person.account_id, raw=raw.encode())

    def _journey(
        self, place: GroupPlace, action: JourneyOperation, at: Millis, **carried: str
    ) -> Record:
        event = JourneyAction.model_validate(
            {
                "event_id": self.new_id("journey"),
                "account_id": place.account_id,
                "solution_interest_id": place.interest_id,
                "journey_id": f"{place.interest_id}-nurture",
                "node_id": action,
                "decided_at": at,
                "action": action,
                **carried,
            }
        )
        return Record(JOURNEY_ACTIONS.name, event.event_id, place.account_id, event)
