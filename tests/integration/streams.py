"""Seeded event streams as a tenant's producers would send them: late, twice, misplaced, broken."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO
from typing import Any, Final

from fastavro import schemaless_writer

from domain.calendar import MILLIS_PER_DAY, Day, Millis, day_from_date
from domain.identity import buying_group_id
from schemas import inputs
from schemas.codec import Codec
from schemas.fields import Contract
from schemas.registry import CommittedRegistry, current_version
from streams.placement import partition_of
from tests.integration.harness import Record

AS_OF: Final[Day] = day_from_date(date(2025, 3, 31))
"""The day the streams are looked at: long past, so that nothing in them is from the future."""

PARTITIONS: Final = 4
FUTURE: Final[Millis] = day_from_date(date(2900, 1, 1)) * MILLIS_PER_DAY
OLDEST_DAYS: Final = 40
INTERESTS: Final = ("crm-suite", "erp", "data-platform")
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

_DUPLICATED: Final = 0.06
_MISPLACED: Final = 0.04
_WITHOUT_KEY: Final = 0.02
_WRONG_KEY: Final = 0.02
_BAD: Final = 0.02
_DISORDER: Final = 200
"""Records change places within about so many."""


@dataclass(frozen=True)
class Stream:
    """``records`` as they are produced; ``valid`` is what counts of them: each event once."""

    as_of: Day
    records: tuple[Record, ...]
    valid: tuple[tuple[str, Contract], ...]

    def lines(self) -> list[dict[str, Any]]:
        """Return the valid events in the JSON form that ``publish`` and ``fold`` take."""
        return [
            {"topic": topic, "value": value.model_dump(mode="json")} for topic, value in self.valid
        ]

    def cut(self, *shares: float) -> list[tuple[Record, ...]]:
        """Return the records in consecutive parts that end at the given shares, and the rest."""
        ends = [0, *(int(len(self.records) * share) for share in shares), len(self.records)]
        return [self.records[a:b] for a, b in zip(ends, ends[1:], strict=False)]


def generate(count: int, seed: int = 1, accounts: int | None = None) -> Stream:
    """Return a stream of about ``count`` records, the same for the same arguments."""
    return _Tenant(count, seed, accounts or max(6, count // 250)).stream()


class _Tenant:
    """Accounts, their people and groups, and what happens to them."""

    def __init__(self, count: int, seed: int, accounts: int) -> None:
        self.chance = random.Random(f"{seed}/{count}")
        self.count = count
        self.codec = Codec(CommittedRegistry())
        self.accounts = [f"acct-{i:04d}" for i in range(accounts)]
        self.leads = {
            account: [f"{account}/lead-{i:02d}" for i in range(self.chance.randint(3, 16))]
            for account in self.accounts
        }
        self.serial = 0

    def stream(self) -> Stream:
        """Return the whole stream."""
        valid = self.definitions()
        made = (
            [self.activity] * 70
            + [self.journey] * 12
            + [self.manual] * 7
            + [self.profile] * 8
            + [self.account] * 3
        )
        ordinary = int(self.count / (1 + _DUPLICATED + _BAD)) - len(valid)
        spread = [(self.chance.random(), event) for event in valid]
        # Half of the groups are there from the start, the others come when much has happened.
        dated = [(at if self.chance.random() < 0.5 else 0.0, event) for at, event in spread]
        for _ in range(max(0, ordinary)):
            event = self.chance.choice(made)()
            valid.append(event)
            dated.append((self.chance.random(), event))
        standing = [(at, self.placed(*event)) for at, event in dated]
        width = _DISORDER / max(len(standing), 1)
        standing = [(at + self.chance.random() * width, record) for at, record in standing]
        standing += [
            (at + self.chance.random() * (1 - min(at, 1)), record)
            for at, record in standing
            if self.chance.random() < _DUPLICATED
        ]
        bad = max(len(_BROKEN) * 2, int(self.count * _BAD))
        standing += [(self.chance.random(), self.broken(i)) for i in range(bad)]
        standing.sort(key=lambda each: each[0])
        return Stream(AS_OF, tuple(record for _, record in standing), tuple(valid))

    def placed(self, topic: str, value: Contract) -> Record:
        """Return an event's record, sometimes where it should not be."""
        account_id: str = value.account_id  # type: ignore[attr-defined]
        record = Record(topic, account_id.encode(), self.codec.encode(topic, value))
        home = partition_of(account_id, PARTITIONS)
        draw = self.chance.random()
        if draw < _MISPLACED:
            return replace(record, partition=(home + self.chance.randint(1, 3)) % PARTITIONS)
        if draw < _MISPLACED + _WITHOUT_KEY:
            return replace(record, key=None, partition=self.chance.randrange(PARTITIONS))
        if draw < _MISPLACED + _WITHOUT_KEY + _WRONG_KEY:
            return replace(record, key=self.chance.choice((b"", b"someone-else", b"\xff\x00")))
        return record

    def broken(self, number: int) -> Record:
        """Return a record that nobody can take, with the reason it must be refused for."""
        make = _BROKEN[number % len(_BROKEN)]
        topic, value, reason = make(self)
        key = self.chance.choice((b"acct-0001", b"someone-else", b"\xff", None))
        return Record(
            topic,
            key,
            value,
            self.chance.randrange(PARTITIONS),
            (("producer", b"broken"), ("attempt", str(number).encode())),
            dlq_reason=reason,
        )

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
        """Return every group's records: created, some created anew, some deleted."""
        found: list[tuple[str, Contract]] = []
        for account in self.accounts:
            for interest in INTERESTS:
                draw = self.chance.random()
                if draw < 0.05:
                    continue
                at = (AS_OF - 60) * MILLIS_PER_DAY
                found.append(self.definition(account, interest, at))
                if draw < 0.15:
                    found.append(self.definition(account, interest, self.moment()))
                elif draw < 0.2:
                    found.append(self.definition(account, interest, at, deleted=True))
        return found

    def definition(
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
        action = self.chance.choice(
            (*["assign"] * 5, "remove", "remove", "release", "update_stage", "update_status")
        )
        fields: dict[str, Any] = {
            "assign": {"lead_id": lead, "role": self.role()},
            "remove": {"lead_id": lead},
            "release": {"lead_id": lead},
            "update_stage": {"stage": "Engaged"},
            "update_status": {"status": "warm"},
        }[action]
        return "journey-actions", inputs.JourneyAction(
            event_id=self.new_id(),
            account_id=account,
            solution_interest_id=self.chance.choice(INTERESTS),
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
        operation = self.chance.choice(("assign", "assign", "assign", "remove", "release"))
        return inputs.Edit(
            lead_id=lead,
            operation=operation,
            role=self.role() if operation == "assign" else None,
        )

    def role(self) -> str:
        """Return a role that most templates have; now and then one that none has."""
        return UNKNOWN_ROLE if self.chance.random() < 0.04 else self.chance.choice(ROLES)

    def profile(self) -> tuple[str, Contract]:
        """Return a profile; some leads leave, a few are erased."""
        account, lead = self.whose()
        draw = self.chance.random()
        return "lead-profiles", inputs.LeadProfile(
            event_id=self.new_id(),
            account_id=account,
            lead_id=lead,
            updated_at=self.moment(),
            status="erased" if draw < 0.03 else "left" if draw < 0.2 else "active",
            first_name="Zoë",
            job_title=self.chance.choice(("CIO", "Head of Data", None)),
            email_invalid=self.chance.choice((True, False, None)),
            custom={"tier": "1"},
        )

    def account(self) -> tuple[str, Contract]:
        """Return an account's own record."""
        account, _ = self.whose()
        return "accounts", inputs.Account(
            event_id=self.new_id(),
            account_id=account,
            updated_at=self.moment(),
            name=f"{account} GmbH",
            open_opportunities=self.chance.randint(0, 9),
        )

    def good_bytes(self) -> tuple[str, bytes]:
        """Return an ordinary event's topic and bytes, to be broken."""
        topic, value = self.chance.choice((self.activity, self.journey, self.manual))()
        return topic, self.codec.encode(topic, value)

    def against_the_contract(self, topic: str, value: Contract, **fields: Any) -> bytes:
        """Return a well-formed frame whose content no honest producer could have validated."""
        frame = self.codec.encode(topic, value)[:5]
        sink = BytesIO()
        record: Any = {**value.model_dump(), **fields}
        schemaless_writer(sink, current_version(topic).schema, record)
        return frame + sink.getvalue()


_Broken = tuple[str, bytes | None, str]


def _no_frame(tenant: _Tenant) -> _Broken:
    size = tenant.chance.randint(1, 80)
    return (
        tenant.chance.choice(("lead-activity", "accounts")),
        bytes([tenant.chance.randint(1, 255)]) + tenant.chance.randbytes(size),
        "not_avro",
    )


def _json_text(_: _Tenant) -> _Broken:
    return "journey-actions", b'{"event_id": "e-1", "action": "assign"}', "not_avro"


def _no_value(tenant: _Tenant) -> _Broken:
    return "lead-profiles", tenant.chance.choice((None, b"")), "not_avro"


def _truncated(tenant: _Tenant) -> _Broken:
    topic, value = tenant.good_bytes()
    return topic, value[: tenant.chance.randint(1, len(value) - 1)], "not_avro"


def _left_over(tenant: _Tenant) -> _Broken:
    topic, value = tenant.good_bytes()
    return topic, value + b"\x00\x01", "not_avro"


def _unknown_schema(tenant: _Tenant) -> _Broken:
    topic, value = tenant.good_bytes()
    return topic, b"\0" + (4_000_000_000).to_bytes(4, "big") + value[5:], "unknown_schema"


def _other_contract(tenant: _Tenant) -> _Broken:
    _, value = tenant.activity()
    return "accounts", tenant.codec.encode("lead-activity", value), "unknown_schema"


def _no_account(tenant: _Tenant) -> _Broken:
    topic, value = tenant.activity()
    return topic, tenant.against_the_contract(topic, value, account_id=""), "breaks_contract"


def _long_id(tenant: _Tenant) -> _Broken:
    topic, value = tenant.profile()
    return topic, tenant.against_the_contract(topic, value, lead_id="x" * 129), "breaks_contract"


def _assign_without_role(tenant: _Tenant) -> _Broken:
    topic, value = tenant.journey()
    broken = tenant.against_the_contract(
        topic, value, action="assign", lead_id="someone", role=None
    )
    return topic, broken, "breaks_contract"


def _wrong_group(tenant: _Tenant) -> _Broken:
    topic, value = tenant.definition(tenant.accounts[0], "crm-suite", tenant.moment())
    wrong = value.model_copy(update={"buying_group_id": buying_group_id("erp", "elsewhere")})
    return topic, tenant.codec.encode(topic, wrong), "wrong_group_id"


def _too_many_edits(tenant: _Tenant) -> _Broken:
    value = tenant.edit(tenant.accounts[0], 51)
    return "manual-edits", tenant.codec.encode("manual-edits", value), "too_many_edits"


def _no_edits(tenant: _Tenant) -> _Broken:
    value = tenant.edit(tenant.accounts[0], 0)
    return "manual-edits", tenant.codec.encode("manual-edits", value), "no_edits"


def _from_the_future(tenant: _Tenant) -> _Broken:
    topic, value = tenant.chance.choice((tenant.activity, tenant.journey, tenant.profile))()
    dated = {
        "lead-activity": "occurred_at",
        "journey-actions": "decided_at",
        "lead-profiles": "updated_at",
    }[topic]
    later = value.model_copy(update={dated: FUTURE})
    return topic, tenant.codec.encode(topic, later), "from_the_future"


_BROKEN: Final[tuple[Callable[[_Tenant], _Broken], ...]] = (
    _no_frame,
    _json_text,
    _no_value,
    _truncated,
    _left_over,
    _unknown_schema,
    _other_contract,
    _no_account,
    _long_id,
    _assign_without_role,
    _wrong_group,
    _too_many_edits,
    _no_edits,
    _from_the_future,
)
