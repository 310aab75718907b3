"""A made-up tenant whose accounts, people and groups produce good events, from a seed."""

import random
from collections import Counter
from datetime import date
from typing import Any, Final

from domain.calendar import MILLIS_PER_DAY, Day, Millis, day_from_date
from domain.identity import buying_group_id
from schemas import inputs
from schemas.codec import Codec
from schemas.fields import Contract
from schemas.registry import CommittedRegistry
from tests.integration.marketing import (
    BACKUP,
    COUNTRIES,
    DEFINED,
    INDUSTRIES,
    MOVED_TO,
    REGIONS,
    SEGMENTS,
    STAGES,
    THREATS,
    TIERS,
    TITLES,
    UNKNOWN_STAGE,
    ZERO_TRUST,
    definitions,
)

AS_OF: Final[Day] = day_from_date(date(2025, 3, 31))
"""The day the streams are looked at: long past, so that nothing in them is from the future."""

OLDEST_DAYS: Final = 40
WRITTEN: Final = ("crm-suite", "erp", "data-platform")
"""The interests whose groups are written by hand."""
INTERESTS: Final = (*WRITTEN, *DEFINED)
STAGED: Final = ("erp", "erp", THREATS, THREATS, ZERO_TRUST, BACKUP)
"""The interests whose groups are moved; the last has no stages."""
MOST_ACCOUNT_RECORDS: Final = 12
ROLES: Final = ("Decision Maker", "Influencer", "Practitioner", "Champion", "Other")
UNKNOWN_ROLE: Final = "Keeper of the Keys"
WEIGHTINGS: Final = ("Trivial", "Minor", "Normal", "Important", "Vital")
TYPES: Final = (
    "web.formFilledOut",
    "WEB.FORMFILLEDOUT",
    "web.webpagedetails.pageViews",
    "web.webpagedetails.pageViews",
    "web.webinteraction.linkClicks",
    "directMarketing.emailOpened",
    "directMarketing.emailOpened",
    "directMarketing.emailClicked",
    "event.attended",
    "leadOperation.interestingMoment",
    "directMarketing.emailSent",
    "shop.unheardOf",
)
OPERATIONS: Final[tuple[inputs.Operation, ...]] = (
    "assign",
    "assign",
    "assign",
    "remove",
    "release",
)
ACTIONS: Final[tuple[inputs.JourneyOperation, ...]] = (
    *OPERATIONS,
    *OPERATIONS,
    "update_status",
    "update_status",
)
STATUSES: Final = ("warm", "cold", "waits for the budget")


class Tenant:
    """Accounts, their people and groups, and what happens to them."""

    def __init__(self, seed: str, accounts: int, leads: tuple[int, int] = (3, 16)) -> None:
        self.chance = random.Random(seed)
        self.codec = Codec(CommittedRegistry())
        self.accounts = [f"acct-{i:04d}" for i in range(accounts)]
        self.leads = {
            account: [f"{account}/lead-{i:02d}" for i in range(self.chance.randint(*leads))]
            for account in self.accounts
        }
        self.serial = 0
        self._account_records: Counter[str] = Counter()

    def new_id(self) -> str:
        """Return an id that nothing else has and that says nothing about its time."""
        self.serial += 1
        return f"{self.chance.getrandbits(48):012x}-{self.serial}"

    def whose(self) -> tuple[str, str]:
        """Return an account and one of its leads; the first accounts are the busiest."""
        account = self.accounts[int(len(self.accounts) * self.chance.random() ** 1.5)]
        return account, self.chance.choice(self.leads[account])

    def moment(self, ahead: int = 0) -> Millis:
        """Return an instant of the days up to as_of, or so many days later; ties happen."""
        day = AS_OF - int(self.chance.random() ** 2 * OLDEST_DAYS) + self.chance.randint(0, ahead)
        if self.chance.random() < 0.2:
            return day * MILLIS_PER_DAY + self.chance.choice((0, 1, MILLIS_PER_DAY - 1))
        return day * MILLIS_PER_DAY + self.chance.randrange(MILLIS_PER_DAY)

    def definitions(self) -> list[tuple[str, Contract]]:
        """Return what its marketers define, in the order of publishing."""
        return [("definitions", definition) for definition in definitions(AS_OF)]

    def groups(self) -> list[tuple[str, Contract]]:
        """Return the records of the groups written by hand: created, created anew, deleted."""
        found: list[tuple[str, Contract]] = []
        for account in self.accounts:
            for interest in WRITTEN:
                draw = self.chance.random()
                if draw < 0.05:
                    continue
                at = (AS_OF - 60) * MILLIS_PER_DAY
                found.append(self.group(account, interest, at))
                if draw < 0.15:
                    found.append(self.group(account, interest, self.moment()))
                elif draw < 0.2:
                    found.append(self.group(account, interest, at, deleted=True))
        return found

    def group(
        self, account: str, interest: str, at: Millis, *, deleted: bool = False
    ) -> tuple[str, Contract]:
        """Return a group with a template of one to five roles."""
        names = self.chance.sample(ROLES, self.chance.choice((1, 3, 4, 5)))
        return "buying-groups", inputs.BuyingGroup(
            event_id=self.new_id(),
            account_id=account,
            buying_group_id=buying_group_id(interest, account),
            solution_interest_id=interest,
            name=f"{interest} for {account}",
            created_at=at,
            update_existing_groups=False,
            role_template=inputs.RoleTemplate(
                id=f"template-{interest}",
                version=1,
                name=interest,
                roles=[
                    inputs.Role(
                        role=name,
                        weighting=self.chance.choice(WEIGHTINGS),
                        required_for_completeness=self.chance.random() < 0.75,
                        members_required=self.chance.choice((1, 1, 1, 2, 3)),
                    )
                    for name in names
                ],
            ),
            stage_model=STAGES if interest == "erp" else None,
            deleted=deleted,
        )

    def activity(self) -> tuple[str, Contract]:
        """Return an activity, sometimes of a day to come or of one long gone."""
        account, lead = self.whose()
        return "lead-activity", inputs.LeadActivity(
            event_id=self.new_id(),
            account_id=account,
            lead_id=lead,
            activity_type=self.chance.choice(TYPES),
            occurred_at=self.moment(ahead=2),
            attributes={"page": "/pricing"} if self.chance.random() < 0.3 else {},
        )

    def journey(self) -> tuple[str, Contract]:
        """Return a journey's action."""
        account, lead = self.whose()
        action = self.chance.choice(ACTIONS)
        fields: dict[str, Any] = {
            "assign": {"lead_id": lead, "role": self.role()},
            "remove": {"lead_id": lead},
            "release": {"lead_id": lead},
            "update_status": {"status": self.chance.choice(STATUSES)},
        }[action]
        interest = self.chance.choice(INTERESTS)
        return "journey-actions", self.action(account, interest, action, **fields)

    def move(self) -> tuple[str, Contract]:
        """Return a stage move; many are not allowed where their group stands."""
        account, _ = self.whose()
        draw = self.chance.random()
        stage = UNKNOWN_STAGE if draw < 0.05 else self.chance.choice(MOVED_TO)
        interest = self.chance.choice(STAGED)
        return "journey-actions", self.action(account, interest, "update_stage", stage=stage)

    def action(
        self, account: str, interest: str, action: inputs.JourneyOperation, **fields: Any
    ) -> inputs.JourneyAction:
        """Return an action of a journey on one of an account's groups."""
        return inputs.JourneyAction(
            event_id=self.new_id(),
            account_id=account,
            solution_interest_id=interest,
            journey_id="spring",
            decided_at=self.moment(),
            action=action,
            **fields,
        )

    def manual(self) -> tuple[str, Contract]:
        """Return a manual edit of one lead or of several, the same one twice at times."""
        account, _ = self.whose()
        return "manual-edits", self.edit(account, self.chance.choice((1, 1, 1, 2, 4, 9)))

    def edit(self, account: str, leads: int) -> inputs.ManualEdit:
        """Return an edit of so many leads."""
        return inputs.ManualEdit(
            event_id=self.new_id(),
            account_id=account,
            buying_group_id=buying_group_id(self.chance.choice(INTERESTS), account),
            edited_by="ana@example.com",
            decided_at=self.moment(),
            edits=[self.one_edit(self.chance.choice(self.leads[account])) for _ in range(leads)],
        )

    def one_edit(self, lead: str) -> inputs.Edit:
        """Return the decision on one lead."""
        operation = self.chance.choice(OPERATIONS)
        return inputs.Edit(
            lead_id=lead,
            operation=operation,
            role=self.role() if operation == "assign" else None,
        )

    def role(self) -> str:
        """Return a role that most templates have; now and then one that none has."""
        return UNKNOWN_ROLE if self.chance.random() < 0.04 else self.chance.choice(ROLES)

    def profile(self) -> tuple[str, Contract]:
        """Return a profile; titles change, some leads leave, a few are erased."""
        account, lead = self.whose()
        draw = self.chance.random()
        status: inputs.ProfileStatus = "erased" if draw < 0.03 else "left" if draw < 0.2 else "active"
        return self.profile_of(account, lead, self.moment(), status)

    def profile_of(
        self, account: str, lead: str, at: Millis, status: inputs.ProfileStatus = "active"
    ) -> tuple[str, Contract]:
        """Return a lead's profile with a title of some kind."""
        return "lead-profiles", inputs.LeadProfile(
            event_id=self.new_id(),
            account_id=account,
            lead_id=lead,
            updated_at=at,
            status=status,
            first_name="Zoë",
            job_title=self.chance.choice(TITLES),
            country=self.chance.choice(COUNTRIES),
            email_invalid=self.chance.choice((True, False, None)),
            custom={"tier": self.chance.choice(TIERS)},
        )

    def account(self) -> tuple[str, Contract]:
        """Return an account's own record; its industry may be another one each time."""
        account, _ = self.whose()
        # A worker keeps an account's 20 newest records, and a definition that comes later than the
        # others cannot be judged by them (domain/creation.py).
        if self._account_records[account] >= MOST_ACCOUNT_RECORDS:
            account = min(self.accounts, key=self._account_records.__getitem__)
        return self.account_of(account, self.moment())

    def account_of(self, account: str, at: Millis) -> tuple[str, Contract]:
        """Return a record of an account."""
        self._account_records[account] += 1
        return "accounts", inputs.Account(
            event_id=self.new_id(),
            account_id=account,
            updated_at=at,
            name=f"{account} {self.chance.choice(('GmbH', 'Inc.'))}",
            industry=self.chance.choice(INDUSTRIES),
            region=self.chance.choice(REGIONS),
            open_opportunities=self.chance.randint(0, 9),
            custom={"segment": self.chance.choice(SEGMENTS)},
        )
