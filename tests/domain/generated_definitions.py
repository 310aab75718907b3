"""Generated definitions: solution interests in several versions, weighting models, and their words.

``MAINTAINED`` is the interest whose groups the maintenance job works in, ``ALONE`` the one whose groups
it leaves alone. What the system says of a group has one author only: the job, or, where there is none,
the decisions with the source ``system`` that a stream holds.
"""

import json
from itertools import accumulate
from typing import Final

from hypothesis import strategies as st

from domain.calendar import Millis
from domain.definitions import Audience, ModelDefinition, SolutionInterest
from domain.events import TemplateRole
from tests.domain.builders import (
    ATTENDED,
    EMAIL_OPENED,
    FORM,
    TODAY,
    condition,
    interest,
    model_definition,
    moment,
    role,
    scored,
    stages,
    titled,
)

ALONE: Final = "crm-suite"
MAINTAINED: Final = "erp"

Template = tuple[TemplateRole, ...]

PLAIN: Final[tuple[Template, ...]] = (
    (
        role("Decision Maker", weighting=100),
        role("Influencer", weighting=80, members_required=2),
        role("Champion", weighting=20, required=False),
    ),
    (role("Influencer", weighting=60), role("Decision Maker", weighting=40, members_required=3)),
    (role("Champion", required=False),),
)
"""Templates without conditions."""

UNREACHED: Final = condition("country", "is not empty")
"""No generated lead has a country."""

TESTING: Final[tuple[Template, ...]] = (
    (
        role("Decision Maker", weighting=100, when=titled("CHIEF")),
        role("Influencer", weighting=80, members_required=2, when=titled("buy")),
        role("Champion", weighting=20, required=False),
    ),
    (
        role("Influencer", weighting=60, when=scored(">=", 60)),
        role("Champion", required=False, when=UNREACHED),
        role("Decision Maker", weighting=40, members_required=2, when=titled("buy")),
    ),
    (
        role(
            "Champion",
            when=json.dumps(
                {
                    "all": [
                        json.loads(scored("between", 0)) | {"value": [1, 99.99]},
                        {
                            "any": [
                                json.loads(condition("job_title", "is not", "Intern")),
                                json.loads(condition("email_invalid", "is", value=True)),
                            ]
                        },
                    ]
                }
            ),
        ),
        role("Decision Maker", when=condition("custom.tier", "<", 2)),
        role("Influencer", when=scored("=", 100)),
    ),
    (role("Decision Maker", when=condition("job_title", "is empty")), role("Influencer")),
)
"""Templates with conditions: on the profile alone, on the score first, on both, on what is missing."""

STAGE_MODELS: Final = (
    None,
    stages(Open="Won Lost", Lost="Open", Won=""),
    stages(Won="Open", Open="Won Lost", Lost=""),
)
STAGES: Final = ("Open", "Won", "Lost", "Nowhere")

AUDIENCES: Final = (
    None,
    None,
    condition("industry", "is", "Tech"),
    condition("industry", "is not", "tech"),
    condition("open_opportunities", ">=", 3),
    condition("custom.segment", "any of", ["a", "B"]),
)

FIRST_DAYS: Final = (TODAY, TODAY + 1)
TOLD_AT: Final[st.SearchStrategy[Millis]] = st.builds(
    lambda day, ms: moment(day, hour=0, ms=ms),
    st.sampled_from(FIRST_DAYS),
    st.sampled_from((0, 0, 43_200_000, 43_200_010)),
)
"""A handful of instants, so that much of what is told is told at the same one."""

NAMES: Final = ("CRM", "CRM Suite", "Suite")


@st.composite
def solution_interests(draw: st.DrawFn, interest_id: str) -> list[SolutionInterest]:
    """Draw the versions of a solution interest: its name changes, its audience's history grows.

    Template, stage model and whether existing groups are updated stay. It may begin as a draft; that it
    becomes one again is rare.
    """
    update = interest_id == MAINTAINED and draw(st.sampled_from((True, True, True, False)))
    roles = draw(st.sampled_from(TESTING if update else (*PLAIN, *TESTING)))
    stage_model = draw(st.sampled_from(STAGE_MODELS))
    starts = sorted(draw(st.lists(TOLD_AT, min_size=1, max_size=3, unique=True)))
    history = [Audience(since, draw(st.sampled_from(AUDIENCES))) for since in starts]
    versions = draw(st.integers(1, 4))
    told_at = sorted(draw(st.lists(TOLD_AT, min_size=versions, max_size=versions)))
    lengths = accumulate(draw(st.lists(st.integers(0, 1), min_size=versions, max_size=versions)))
    drafts = draw(st.sampled_from((0, 0, 1)))
    withdrawn = draw(st.sampled_from((False,) * 9 + (True,)))
    return [
        interest(
            roles,
            *history[: 1 + length],
            interest_id=interest_id,
            name=draw(st.sampled_from(NAMES)),
            at=at,
            live=number >= drafts and not (withdrawn and number == versions - 1),
            update=update,
            stage_model=stage_model,
        )
        for number, (at, length) in enumerate(zip(told_at, lengths, strict=True))
    ]


MODELS: Final[st.SearchStrategy[ModelDefinition]] = st.builds(
    lambda model_id, version, active, at, weights: model_definition(
        dict(zip((FORM.lower(), EMAIL_OPENED.lower(), ATTENDED.lower()), weights, strict=True)),
        model_id=model_id,
        version=version,
        active=active,
        at=at,
    ),
    st.sampled_from(("one", "two")),
    st.integers(1, 3),
    st.sampled_from((True, True, False)),
    TOLD_AT,
    st.sampled_from(((10, 90, 50), (0, 5, 0), (7, 7, 100))),
)
