"""The one job that all systems of the comparison do: scores of people and groups from lead activity.

Who is in which group is fixed (benchmarks.groups). So is the date: the first event of every partition is
dated on it, and every event is inside the window. So the last score of each subject does not depend on
batches, nor on how often a system reports.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from benchmarks.groups import LEADS, PARTITIONS, TEMPLATE, account_id, memberships
from domain import events
from domain.account import Account, Tenant
from domain.calendar import MILLIS_PER_DAY, Day, Millis, day_of
from domain.engagement import DEFAULT_MODEL, first_baseline
from domain.events import AccountEvent, Decision, GroupDefinition
from domain.reports import ScoreUpdated
from domain.settle import fold
from schemas.inputs import LeadActivity
from streams.placement import partition_of

HOTTEST: Final = 0.04
"""The hottest account's share of all events."""

REPEATED: Final = 0.02
"""So many of the events are sent a second time."""

_REPEATED_WITHIN: Final = 1_000
_DAYS: Final = 29
_SEED: Final = 7

TYPES: Final = {
    "directMarketing.emailSent": 220,
    "directMarketing.emailDelivered": 220,
    "web.webpagedetails.pageViews": 160,
    "directMarketing.emailOpened": 140,
    "directMarketing.emailClicked": 60,
    "web.webinteraction.linkClicks": 60,
    "leadOperation.statusInCampaignProgressionChanged": 30,
    "leadOperation.scoreChanged": 30,
    "leadOperation.interestingMoment": 20,
    "web.formFilledOut": 20,
    "event.registered": 10,
    "event.attended": 10,
    "directMarketing.emailBounced": 10,
    "directMarketing.emailBouncedSoft": 5,
    "directMarketing.emailUnsubscribed": 5,
}
"""How often each activity type occurs, of a thousand; those that score nothing are half of them."""

ATTRIBUTES: Final = {
    "url": "https://www.example.com/products/threat-detection?utm_source=letter",
    "campaign": "autumn-2026-security",
}

Subject = tuple[str, str]
"""(account id, lead id) or (account id, buying group id)."""


@dataclass(frozen=True, slots=True)
class Job:
    """So many events over so many accounts, dated until ``now``."""

    events: int
    accounts: int
    now: Millis

    @property
    def as_of(self) -> Day:
        """Return the date of all scores."""
        return day_of(self.now)

    def stream(self) -> Iterator[LeadActivity]:
        """Yield all events, ``events`` in number, in the order in which they are published.

        First one for each partition, then the traffic, then again one for each partition. The first and
        the last are the only ones of their leads, so each of them changes a score.
        """
        first = self._markers("lead-0", 0)
        last = self._markers("lead-1", self.events - PARTITIONS)
        yield from first
        yield from self._traffic(PARTITIONS, self.events - PARTITIONS)
        yield from last

    def account_ids(self) -> Iterator[str]:
        """Yield the id of every account, the markers' included."""
        yield from map(account_id, range(self.accounts))
        yield from _marked(self.accounts)

    def closing_subjects(self) -> set[Subject]:
        """Return the people whose score tells that a partition was read to its end."""
        return {(marked, "lead-1") for marked in _marked(self.accounts)}

    def expected(self, stream: Iterable[LeadActivity]) -> dict[Subject, float]:
        """Return the last score of every subject that was reported at all, by the engine's own rules."""
        by_account: dict[str, list[AccountEvent]] = {}
        for one in stream:
            by_account.setdefault(one.account_id, []).append(activity(one))
        tenant = self.tenant()
        scores: dict[Subject, float] = {}
        for of_account, theirs in by_account.items():
            account = Account(of_account)
            fold(account, [*defined(of_account, self.now)], tenant)
            for report in fold(account, theirs, tenant).reports:
                if isinstance(report, ScoreUpdated):
                    subject = report.lead_id or report.buying_group_id or ""
                    scores[of_account, subject] = report.current
        return scores

    def tenant(self) -> Tenant:
        """Return what every account is scored by: before any day tick, at the job's date."""
        return Tenant(self.as_of, ticked=False, baseline=first_baseline(), model=DEFAULT_MODEL)

    def _markers(self, lead_id: str, number: int) -> list[LeadActivity]:
        return [
            self._event(number + place, marked, lead_id, "event.attended", self.now)
            for place, marked in enumerate(_marked(self.accounts))
        ]

    def _traffic(self, start: int, stop: int) -> Iterator[LeadActivity]:
        chance = random.Random(_SEED)
        ids = [account_id(number) for number in range(self.accounts)]
        chance.shuffle(ids)
        shares = list(itertools.accumulate(_shares(self.accounts)))
        types, often = list(TYPES), list(itertools.accumulate(TYPES.values()))
        recent: list[LeadActivity] = []
        for number in range(start, stop):
            if recent and chance.random() < REPEATED:
                yield chance.choice(recent)
                continue
            one = self._event(
                number,
                chance.choices(ids, cum_weights=shares)[0],
                f"lead-{chance.randrange(LEADS)}",
                chance.choices(types, cum_weights=often)[0],
                self.now - chance.randrange(_DAYS * MILLIS_PER_DAY),
            )
            if len(recent) < _REPEATED_WITHIN:
                recent.append(one)
            else:
                recent[number % _REPEATED_WITHIN] = one
            yield one

    @staticmethod
    def _event(
        number: int, of_account: str, lead_id: str, activity_type: str, at: Millis
    ) -> LeadActivity:
        return LeadActivity(
            event_id=f"018f6d3c-7b1e-7000-8000-{number:012d}",
            account_id=of_account,
            lead_id=lead_id,
            activity_type=activity_type,
            occurred_at=at,
            attributes=ATTRIBUTES,
        )


def defined(of_account: str, now: Millis) -> Iterator[GroupDefinition | Decision]:
    """Yield the events that make an account's groups what they are."""
    for group in memberships(of_account):
        yield GroupDefinition(
            event_id=f"{group.group_id}/created",
            account_id=of_account,
            buying_group_id=group.group_id,
            solution_interest_id=group.interest,
            name=group.interest,
            created_at=now - MILLIS_PER_DAY,
            update_existing_groups=False,
            template_id="template-1",
            template_version=1,
            roles=TEMPLATE,
        )
        for lead_id, role in group.roles.items():
            yield Decision(
                event_id=f"{group.group_id}/{lead_id}",
                account_id=of_account,
                buying_group_id=group.group_id,
                lead_id=lead_id,
                source="journey",
                operation="assign",
                role=role,
                decided_at=now - MILLIS_PER_DAY,
            )


def activity(one: LeadActivity) -> events.LeadActivity:
    """Return an activity as the rules are told it."""
    return events.LeadActivity(
        one.event_id, one.account_id, one.lead_id, one.activity_type, one.occurred_at
    )


@cache
def _marked(accounts: int) -> tuple[str, ...]:
    """Return one account for each partition, by partition: the first beyond the tenant's own."""
    found: dict[int, str] = {}
    for number in itertools.count(accounts):
        candidate = account_id(number)
        found.setdefault(partition_of(candidate, PARTITIONS), candidate)
        if len(found) == PARTITIONS:
            break
    return tuple(found[partition] for partition in range(PARTITIONS))


def _shares(accounts: int) -> list[float]:
    """Return each rank's share of the traffic: 1 / rank to a power that gives the first its share."""
    low, high = 0.0, 4.0
    for _ in range(50):
        power = (low + high) / 2
        whole = sum(rank**-power for rank in range(1, accounts + 1))
        low, high = (power, high) if 1 / whole < HOTTEST else (low, power)
    return [rank**-low / whole for rank in range(1, accounts + 1)]
