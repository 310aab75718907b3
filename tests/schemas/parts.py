"""Strategies for the legal values of fields, and of the parts that events are made of."""

from typing import Any

from hypothesis import strategies as st

from schemas import definitions, inputs, outputs
from schemas.fields import INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, LAST_DAY, LAST_MILLIS

_letters = st.characters(codec="utf-8")
ids = st.text(_letters, min_size=1, max_size=128)
texts = st.none() | st.text(_letters, max_size=40)
words = st.text(_letters, max_size=40)
maps = st.dictionaries(words, words, max_size=4)
moments = st.integers(0, LAST_MILLIS)
days = st.integers(0, LAST_DAY)
int32s = st.integers(INT32_MIN, INT32_MAX)
counts = st.integers(1, INT32_MAX)
int64s = st.integers(INT64_MIN, INT64_MAX)
versions = st.integers(0, INT64_MAX)
figures = st.floats(allow_nan=False, allow_infinity=False)
roots = st.floats(min_value=0, allow_nan=False, allow_infinity=False)
partitions = st.integers(0, INT32_MAX)
sources = st.sampled_from(["manual", "journey", "system"])


def _journey_needs(action: str) -> st.SearchStrategy[dict[str, Any]]:
    needed: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "assign": {"lead_id": ids, "role": ids},
        "remove": {"lead_id": ids},
        "release": {"lead_id": ids},
        "update_stage": {"stage": ids},
        "update_status": {"status": st.text(_letters, max_size=50)},
    }
    return st.fixed_dictionaries({"action": st.just(action), **needed[action]})


journeys = st.builds(
    lambda head, action: inputs.JourneyAction(**head, **action),
    st.fixed_dictionaries(
        {
            "event_id": ids,
            "account_id": ids,
            "solution_interest_id": ids,
            "journey_id": ids,
            "node_id": st.none() | ids,
            "decided_at": moments,
        }
    ),
    st.sampled_from(["assign", "remove", "release", "update_stage", "update_status"]).flatmap(
        _journey_needs
    ),
)
edits = st.builds(inputs.Edit, lead_id=ids, operation=st.just("assign"), role=ids) | st.builds(
    inputs.Edit, lead_id=ids, operation=st.sampled_from(["remove", "release"])
)
roles = st.builds(
    inputs.Role,
    role=ids,
    weighting=st.sampled_from(["Trivial", "Minor", "Normal", "Important", "Vital"]),
    required_for_completeness=st.booleans(),
    members_required=counts,
    auto_assign=texts,
)
role_lists = st.lists(roles, min_size=1, max_size=4, unique_by=lambda role: role.role)
templates = st.builds(
    inputs.RoleTemplate,
    id=ids,
    version=counts,
    name=words,
    roles=role_lists,
)
stages = st.builds(
    inputs.Stage,
    name=ids,
    kind=st.sampled_from(["entry", "intermediate", "success", "failure"]),
    transitions=st.lists(words, max_size=3),
)
stage_models = st.builds(inputs.StageModel, id=ids, name=words, stages=st.lists(stages, max_size=3))
role_figures = st.builds(
    outputs.RoleCompleteness, role=words, required=int32s, assigned=int32s, completeness=figures
)
missing = st.builds(outputs.MissingRole, role=words, short_by=int32s)
memberships = st.builds(outputs.Membership, role=words, source=sources)
members = st.builds(
    outputs.Member, lead_id=words, role=words, source=sources, added_at=moments, score=figures
)

# A definition id is the kind, a colon and one of these, and has at most 128 characters.
short_ids = st.text(_letters, min_size=1, max_size=100)
names = st.text(_letters, min_size=1, max_size=40)


def _audiences(least: int) -> st.SearchStrategy[list[definitions.Audience]]:
    starts = st.lists(moments, min_size=least, max_size=3, unique=True).map(sorted)
    return starts.flatmap(
        lambda found: st.tuples(
            *(st.builds(definitions.Audience, since=st.just(since), condition=texts) for since in found)
        ).map(list)
    )


def _interests(status: str) -> st.SearchStrategy[definitions.SolutionInterest]:
    return st.builds(
        definitions.SolutionInterest,
        id=short_ids,
        update_existing_groups=st.booleans(),
        audiences=_audiences(1 if status == "live" else 0),
        role_template=templates,
        stage_model=st.none() | stage_models,
    )


def _weighting_models(bands: dict[str, int]) -> st.SearchStrategy[definitions.WeightingModel]:
    return st.builds(
        definitions.WeightingModel,
        id=short_ids,
        version=counts,
        active=st.booleans(),
        bands=st.just(bands),
        activities=st.lists(ids, max_size=4, unique_by=str.lower).flatmap(
            lambda types: st.fixed_dictionaries({name: st.sampled_from(sorted(bands)) for name in types})
        ),
    )


def _definitions(kind: Any, status: Any) -> st.SearchStrategy[definitions.Definition]:
    payloads: dict[str, st.SearchStrategy[Any]] = {
        "role_template": st.builds(
            inputs.RoleTemplate, id=short_ids, version=counts, name=words, roles=role_lists
        ),
        "stage_model": st.builds(
            inputs.StageModel, id=short_ids, name=words, stages=st.lists(stages, max_size=3)
        ),
        "solution_interest": _interests(status),
        "weighting_model": st.dictionaries(ids, st.integers(0, 100), min_size=1, max_size=3).flatmap(
            _weighting_models
        ),
    }

    def build(event_id: str, name: str, updated_at: int, payload: Any) -> definitions.Definition:
        return definitions.Definition(
            event_id=event_id,
            definition_id=definitions.definition_id_of(kind, payload.id if payload else name),
            kind=kind,
            name=name,
            status=status,
            updated_at=updated_at,
            **({kind: payload} if payload else {}),
        )

    return st.builds(build, ids, names, moments, payloads.get(kind, st.none()))


defined = st.tuples(
    st.sampled_from(["role", "role_template", "stage_model", "solution_interest", "weighting_model"]),
    st.sampled_from(["draft", "live"]),
).flatmap(lambda drawn: _definitions(*drawn))
