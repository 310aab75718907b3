"""A stream of events run through a whole deployment, and what it comes to for anyone outside."""

from collections.abc import Iterable
from typing import Final, TypeAlias

from hypothesis import settings
from hypothesis import strategies as st

from domain.calendar import Day
from domain.reports import GroupState
from domain.settle import rescore
from tests.domain.deployment import Deployment
from tests.domain.stream import Stream
from tests.domain.streams import DAYS, LAST_DAY

thorough: Final = settings(max_examples=max(150, settings().max_examples))
as_of_days: Final = st.sampled_from([*DAYS[1:], LAST_DAY, LAST_DAY + 28])

Outside: TypeAlias = dict[str, object]
"""A group as anyone outside may compare it: no versions, no causes."""


def outside(state: GroupState) -> Outside:
    return {
        "account": state.account_id,
        "solution_interest": state.solution_interest_id,
        "name": state.name,
        "members": state.members,
        "completeness": state.completeness,
        "score": state.score,
        "raw": state.raw,
        "model_version": state.model_version,
        "as_of": state.as_of,
        "stage": state.stage,
        "status": state.status,
    }


def told(states: Iterable[GroupState]) -> dict[str, Outside]:
    return {state.buying_group_id: outside(state) for state in states}


def state_of(deployment: Deployment) -> dict[str, Outside]:
    """Return every group that stands, as a rescore against the same baseline tells it."""
    return told(
        report
        for account, partition in deployment.accounts()
        for report in rescore(account, partition.tenant, "look", 0).reports
        if isinstance(report, GroupState)
    )


def people_of(deployment: Deployment) -> dict[tuple[str, str], tuple[int, float]]:
    """Return points and unrounded score of every lead that has any."""
    return {
        (account.account_id, lead_id): (lead.points, lead.score)
        for account, _ in deployment.accounts()
        for lead_id, lead in account.leads.items()
        if lead.points
    }


def run(
    stream: Stream,
    as_of: Day,
    *,
    salt: str = "run",
    ticks: Iterable[Day] = (),
    partitions: int = 1,
    restarts: bool = False,
) -> Deployment:
    """Fold a stream in batches with ticks anywhere between them, ending with one to ``as_of``."""
    deployment = Deployment(partitions, stream.chance(f"{salt}/definitions"))
    batches = stream.batches(salt)
    chance = stream.chance(f"{salt}/ticks")
    due: dict[int, list[Day]] = {}
    days = sorted(ticks)
    places = sorted(chance.randint(0, len(batches)) for _ in days)
    for place, day in zip(places, days, strict=True):
        due.setdefault(place, []).append(min(day, as_of))
    for place, batch in enumerate(batches):
        for day in due.get(place, ()):
            deployment.tick(day)
        if restarts and chance.random() < 0.3:
            deployment.restart()
        deployment.fold(batch)
    for day in due.get(len(batches), ()):
        deployment.tick(day)
    deployment.hear()
    deployment.tick(as_of)
    return deployment


def assert_same_end(one: Deployment, other: Deployment) -> None:
    assert people_of(one) == people_of(other)
    assert state_of(one) == state_of(other)
