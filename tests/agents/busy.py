"""A tenant with groups of every kind in two partitions, and what its ticks are compared by."""

from streams.delivery import Delivery
from streams.topics import SCORE_UPDATED
from tests.agents.defined import CHIEFS, ENGAGED, interest, role
from tests.agents.lane import Engine, told
from tests.agents.meaning import meaning, said
from tests.domain.builders import (
    EMAIL_OPENED,
    FORM,
    TODAY,
    account_profile,
    activities,
    decide,
    group,
    moment,
    profile,
)

BOLD = {EMAIL_OPENED: 90, FORM: 10}
"""A model that turns the default one's order round."""


def busy() -> Engine:
    """Return two partitions with groups: by decision, by condition, and by a condition on the score."""
    engine = Engine()
    engine.define(
        interest("by-title", event_id="by-title", roles=[role(auto_assign=CHIEFS)]),
        interest("by-score", event_id="by-score", roles=[role(auto_assign=ENGAGED)]),
    )
    for number, account in enumerate(("acme", "initech", "globex")):
        engine.take(
            account_profile(account=account),
            group(account=account),
            decide(account=account),
            profile(account=account, attributes={"job_title": "Chief of Staff"}),
            profile(lead="bob", account=account),
            *activities(1 + number, account=account),
            *activities(3, "bob", account=account, activity_type=EMAIL_OPENED),
            *activities(2, named="old", account=account, at=moment(TODAY - 29)),
        )
    return engine


def scores(deliveries: list[Delivery]) -> list[str]:
    """Return the scores that were reported, in whatever order their accounts were looked at."""
    return sorted(map(str, told(deliveries, SCORE_UPDATED)))


def assert_same_end(engine: Engine, expected: Engine) -> None:
    """Check that two tenants ended the same, whatever was reported on the way."""
    assert said(engine.states()) == said(expected.states())
    assert [meaning(one) for one in engine.rows()] == [meaning(one) for one in expected.rows()]
