"""A small tenant written by hand: one account, one group, moments that can be told apart."""

from typing import Any, Final

from domain.calendar import MILLIS_PER_DAY, Millis
from domain.identity import buying_group_id
from schemas import inputs
from streams.placement import partition_of
from streams.topics import OUTPUTS, Topic
from tests.integration.harness import Deployment, Record, Written
from tests.integration.streams import AS_OF

ACCOUNT: Final = "acme"
HOME: Final = partition_of(ACCOUNT, 4)
INTEREST: Final = "crm-suite"
GROUP: Final = buying_group_id(INTEREST, ACCOUNT)
ADA: Final = "ada"
BOB: Final = "bob"
FORM: Final = "web.formFilledOut"


def at(minute: int) -> Millis:
    """Return an instant of the story's day; the minute tells them apart."""
    return AS_OF * MILLIS_PER_DAY + minute * 60_000


class Story:
    """Makes the records of one account."""

    def __init__(self, deployment: Deployment, account: str = ACCOUNT) -> None:
        self._deployment = deployment
        self.account_id = account
        self.group_id = buying_group_id(INTEREST, account)
        self.home = partition_of(account, deployment.settings.partitions)
        self.elsewhere = (self.home + 1) % deployment.settings.partitions

    def mine(self, topic: Topic) -> list[Any]:
        """Return the account's events of an output."""
        events = self._deployment.events(topic)
        return [event for event in events if event.account_id == self.account_id]

    def group(
        self,
        event_id: str = "group",
        *,
        created: int = 0,
        stages: inputs.StageModel | None = None,
        **fields: Any,
    ) -> Record:
        """Return the group: a required decision maker and influencer, a champion if there is one."""
        roles = [
            inputs.Role(role="Decision Maker", weighting="Vital"),
            inputs.Role(role="Influencer", weighting="Important"),
            inputs.Role(role="Champion", weighting="Minor", required_for_completeness=False),
        ]
        value = inputs.BuyingGroup(
            event_id=event_id,
            account_id=self.account_id,
            buying_group_id=self.group_id,
            solution_interest_id=INTEREST,
            name="CRM suite for Acme",
            created_at=at(created),
            update_existing_groups=False,
            role_template=inputs.RoleTemplate(id="template", version=1, name="CRM", roles=roles),
            stage_model=stages,
        )
        return self._deployment.record("buying-groups", value, **fields)

    def activity(
        self,
        event_id: str,
        lead: str = ADA,
        *,
        minute: int = 600,
        occurred_at: Millis | None = None,
        attributes: dict[str, str] | None = None,
        **fields: Any,
    ) -> Record:
        """Return a filled-out form."""
        value = inputs.LeadActivity(
            event_id=event_id,
            account_id=self.account_id,
            lead_id=lead,
            activity_type=FORM,
            occurred_at=at(minute) if occurred_at is None else occurred_at,
            attributes=attributes or {},
        )
        return self._deployment.record("lead-activity", value, **fields)

    def manual(
        self,
        event_id: str,
        operation: inputs.Operation,
        lead: str,
        role: str | None = None,
        *,
        minute: int,
        interest: str = INTEREST,
        **fields: Any,
    ) -> Record:
        """Return a salesperson's decision on one lead."""
        value = inputs.ManualEdit(
            event_id=event_id,
            account_id=self.account_id,
            buying_group_id=buying_group_id(interest, self.account_id),
            edited_by="ana@example.com",
            decided_at=at(minute),
            edits=[inputs.Edit(lead_id=lead, operation=operation, role=role)],
        )
        return self._deployment.record("manual-edits", value, **fields)

    def journey(
        self,
        event_id: str,
        action: inputs.JourneyOperation,
        lead: str | None = None,
        role: str | None = None,
        *,
        minute: int,
        interest: str = INTEREST,
        stage: str | None = None,
        status: str | None = None,
        **fields: Any,
    ) -> Record:
        """Return a journey's decision on one lead, or its move of the group."""
        value = inputs.JourneyAction(
            event_id=event_id,
            account_id=self.account_id,
            solution_interest_id=interest,
            journey_id="spring",
            decided_at=at(minute),
            action=action,
            lead_id=lead,
            role=role,
            stage=stage,
            status=status,
        )
        return self._deployment.record("journey-actions", value, **fields)

    def profile(
        self, event_id: str, lead: str, *, minute: int, title: str | None = None, **fields: Any
    ) -> Record:
        """Return an active lead's profile."""
        value = inputs.LeadProfile(
            event_id=event_id,
            account_id=self.account_id,
            lead_id=lead,
            updated_at=at(minute),
            job_title=title,
        )
        return self._deployment.record("lead-profiles", value, **fields)

    def account(
        self, event_id: str, *, minute: int, industry: str | None = None, busy: int = 0, **fields: Any
    ) -> Record:
        """Return the account's own record; ``busy`` is the number of its open opportunities."""
        value = inputs.Account(
            event_id=event_id,
            account_id=self.account_id,
            updated_at=at(minute),
            name="Acme",
            industry=industry,
            open_opportunities=busy,
        )
        return self._deployment.record("accounts", value, **fields)


class Outputs:
    """Reads what a deployment wrote since it was last asked."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._seen = {topic.name: 0 for topic in OUTPUTS}

    def after(self, *records: Record) -> dict[str, list[Written]]:
        """Return what some records led to, by output topic; topics that got nothing are left out."""
        self._deployment.produce(records)
        self._deployment.wait_consumed()
        return self.new()

    def new(self) -> dict[str, list[Written]]:
        """Return what is new in each output, in the account's partition's order."""
        found: dict[str, list[Written]] = {}
        for topic in OUTPUTS:
            # All of the story is one account's, so each topic's records are in one partition.
            written = self._deployment.read(topic)
            assert len({each.partition for each in written}) <= 1
            news = written[self._seen[topic.name] :]
            self._seen[topic.name] = len(written)
            if news:
                found[topic.name] = news
        return found


def names(*topics: Topic) -> set[str]:
    return {topic.name for topic in topics}
