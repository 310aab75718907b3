"""The engine's worker as it is shipped: ``buying-groups worker`` with its default settings.

The groups of the job reach it as events, before the activity is published. It does more than the job
asks for: it checks every value, publishes the state of each group that changed, and delivers state and
outputs in transactions. Only its day ticks are off, because the job has none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Final

from benchmarks.groups import PARTITIONS, TEMPLATE, memberships
from benchmarks.job import Job
from benchmarks.systems.task import Task, task
from domain.calendar import MILLIS_PER_DAY
from schemas.inputs import BuyingGroup, JourneyAction, Role, RoleTemplate, Weighting
from streams.topics import BUYING_GROUPS, JOURNEY_ACTIONS, LEAD_ACTIVITY

_WEIGHTINGS: Final[Mapping[int, Weighting]] = {100: "Vital", 80: "Important", 60: "Normal"}


def namespace_of(task_: Task) -> str:
    """Return the deployment whose activity the task names."""
    return task_.input.removesuffix(f".{LEAD_ACTIVITY.name}")


def setting_up(job: Job) -> Iterator[tuple[str, str, BuyingGroup | JourneyAction]]:
    """Yield (topic, account id, event) that make the groups of all accounts."""
    template = RoleTemplate(
        id="template-1",
        version=1,
        name="Buyers",
        roles=[
            Role(
                role=role.role,
                weighting=_WEIGHTINGS[role.weighting],
                members_required=role.members_required,
            )
            for role in TEMPLATE
        ],
    )
    day_before = job.now - MILLIS_PER_DAY
    for account_id in job.account_ids():
        for group in memberships(account_id):
            yield (
                BUYING_GROUPS.name,
                account_id,
                BuyingGroup(
                    event_id=f"{group.group_id}/created",
                    account_id=account_id,
                    buying_group_id=group.group_id,
                    solution_interest_id=group.interest,
                    name=f"{group.interest} for {account_id}",
                    created_at=day_before,
                    update_existing_groups=False,
                    role_template=template,
                ),
            )
            for lead_id, role in group.roles.items():
                yield (
                    JOURNEY_ACTIONS.name,
                    account_id,
                    JourneyAction(
                        event_id=f"{group.group_id}/{lead_id}",
                        account_id=account_id,
                        solution_interest_id=group.interest,
                        journey_id="journey-1",
                        decided_at=day_before,
                        action="assign",
                        lead_id=lead_id,
                        role=role,
                    ),
                )


def environment(bootstrap: str, namespace: str) -> dict[str, str]:
    """Return the settings of the worker that differ from their defaults."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "NAMESPACE": namespace,
        "PARTITIONS": str(PARTITIONS),
        "DAY_TICKS": "off",
        "LOG_LEVEL": "warning",
    }


if __name__ == "__main__":
    asked = task(__doc__)
    os.environ.update(environment(asked.bootstrap, namespace_of(asked)))
    os.execv(sys.executable, [sys.executable, "-m", "console.cli", "worker"])  # noqa: S606
