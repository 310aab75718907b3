"""A lead whose every datum would be recognised anywhere, and everything that is ever told of it."""

from collections.abc import Iterable, Iterator
from typing import Final

from schemas import inputs
from tests.integration.harness import Deployment, Record
from tests.integration.marketing import STAGES
from tests.integration.story import Story, at

LEAD: Final = "lead-zaphkiel"
PROFILE: Final = {
    "first_name": "Adalbertina",
    "last_name": "Quackenbush",
    "job_title": "Chief Ornithologist",
    "email": "adalbertina@quackenbush.test",
    "phone": "+49 30 901820-44",
    "mobile_phone": "+49 170 9018204",
    "city": "Buxtehude",
    "postal_code": "21614-7",
}
CUSTOM: Final = {"nickname-of-tina": "Quacky"}
ATTRIBUTES: Final = {"page": "/pricing/for-adalbertina"}

PERSONAL: Final = (LEAD, *PROFILE.values(), *CUSTOM, *CUSTOM.values(), *ATTRIBUTES.values())
"""What must not be found where no personal data may be."""


def profile(deployment: Deployment, account: str, event_id: str, *, minute: int) -> Record:
    """Return the lead's profile."""
    value = inputs.LeadProfile(
        event_id=event_id,
        account_id=account,
        lead_id=LEAD,
        updated_at=at(minute),
        custom=CUSTOM,
        **PROFILE,  # type: ignore[arg-type]
    )
    return deployment.record("lead-profiles", value)


def life(deployment: Deployment, account: str) -> Iterator[Record]:
    """Yield records that bring something of the lead into every topic that may hold some.

    Among them one that is broken, for the dead letters; the group also moves and gets a status.
    """
    story = Story(deployment, account)
    yield story.account("account", minute=1)
    yield story.group(stages=STAGES)
    yield profile(deployment, account, "profile", minute=2)
    yield story.activity("activity", LEAD, attributes=ATTRIBUTES)
    yield story.manual("manual", "assign", LEAD, "Influencer", minute=3)
    yield story.journey("journey", "assign", LEAD, "Decision Maker", minute=4)
    yield story.journey("stage", "update_stage", stage=STAGES.stages[0].name, minute=5)
    yield story.journey("status", "update_status", status="Open", minute=5)
    yield broken(deployment, account)


def broken(deployment: Deployment, account: str) -> Record:
    """Return a record of the lead that nobody can read, under a key that names it."""
    whole = profile(deployment, account, "broken", minute=6)
    assert whole.value is not None
    home = Story(deployment, account).home
    return Record("lead-profiles", PROFILE["email"].encode(), whole.value[:-2], partition=home)


def found_in(text: str | bytes, personal: Iterable[str] = PERSONAL) -> list[str]:
    """Return what of the lead stands in a text."""
    searched = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return [each for each in personal if each in searched]
