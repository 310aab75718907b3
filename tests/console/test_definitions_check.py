"""``definitions check``: every mistake of a file in one run, where it stands and what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.definitions.checking import check
from console.definitions.nodes import Mistake
from tests.console.calling import ROOT, Commands

EXAMPLE = ROOT / "examples" / "definitions.yaml"

TEMPLATE = "role_templates: [{id: t, name: T, status: live, roles: [{role: Influencer}]}]"


def mistakes_of(text: str) -> tuple[Mistake, ...]:
    return check(text).mistakes


def only_mistake(text: str) -> tuple[int, int, str, str]:
    """The one mistake of a file, as a tuple."""
    (mistake,) = mistakes_of(text)
    return mistake.place.line, mistake.place.column, mistake.path, mistake.message


def role(fields: str) -> str:
    return f"role_templates:\n  - id: t\n    name: T\n    roles:\n      - {{{fields}}}\n"


def stages(*lines: str, status: str = "live") -> str:
    listed = "".join(f"      - {{{line}}}\n" for line in lines)
    return f"stage_models:\n  - id: s\n    name: S\n    status: {status}\n    stages:\n{listed}"


def interest(fields: str) -> str:
    return f"{TEMPLATE}\nsolution_interests:\n  - {{id: i, name: I, {fields}}}\n"


def model(fields: str) -> str:
    return f"weighting_models:\n  - {{id: w, name: W, {fields}}}\n"


def test_the_example_is_fine() -> None:
    checked = check(EXAMPLE.read_text())
    assert checked.mistakes == ()
    assert checked.notes == ()
    assert checked.file is not None
    assert [form.id for form in checked.file.role_templates] == ["crm-buyers", "data-platform-buyers"]
    assert [form.audience is not None for form in checked.file.solution_interests] == [True, True]
    assert [form.active for form in checked.file.weighting_models] == [True, False]


SYNTAX: dict[str, tuple[int, int, str]] = {
    "": (1, 1, "the file is empty"),
    "# only a comment\n": (2, 1, "the file is empty"),
    "roles:\n\t- Buyer\n": (2, 1, "a tab: indent with spaces only"),
    "roles: a: b\n": (1, 9, "a colon where none can stand"),
    "roles: @a\n": (1, 8, "a text cannot begin with @: put the text in quotes"),
    'roles: ["a]\n': (1, 9, "the quotes that open here are never closed"),
    "roles: [a, b\n": (1, 8, "the bracket that opens here is not closed: ] or a comma is missing"),
    "roles: {a: b\n": (1, 8, "the bracket that opens here is not closed: } or a comma is missing"),
    "roles: [a,,b]\n": (1, 11, "a value is missing before ,"),
    "roles:\n  - a\n b: c\n": (3, 2, "this does not fit what stands before it"),
    'roles: ["\\q"]\n': (1, 11, "an unknown escape"),
    "roles: *x\n": (1, 8, "*x names nothing that stands above it as &x"),
    "roles: &x [*x]\n": (1, 12, "*x is used inside of itself"),
    "roles: []\n---\nroles: []\n": (2, 1, "a second document begins here"),
    "roles: [\x07]\n": (1, 9, "a character that no text file holds"),
    "[" * 3000: (1, 42, "nested more than 40 deep"),
}


@pytest.mark.parametrize("text", SYNTAX, ids=lambda text: repr(text[:20]))
def test_a_file_that_cannot_be_read_is_told_in_plain_words_at_its_place(text: str) -> None:
    line, column, said = SYNTAX[text]
    (mistake,) = mistakes_of(text)
    assert (mistake.place.line, mistake.place.column) == (line, column)
    assert mistake.message.startswith(said)


SHAPES: dict[str, tuple[int, int, str, str]] = {
    "5": (1, 1, "", "should be keys and values (custom_fields, roles, "),
    "- a": (1, 1, "", "should be keys and values"),
    "rols: []": (1, 1, "rols", 'there is no such key; did you mean "roles"?'),
    "roles: Buyer": (1, 8, "roles", 'should be a list of names of roles, is the text "Buyer"'),
    "roles: [5]": (1, 9, "roles[0]", "should be text, is the number 5: put it in quotes"),
    "roles: [true]": (1, 9, "roles[0]", "should be text, is true: put it in quotes"),
    "roles: [[a]]": (1, 9, "roles[0]", "should be text, is a list"),
    "roles: ['']": (1, 9, "roles[0]", "is empty"),
    "roles: [' a']": (1, 9, "roles[0]", "begins or ends with a space"),
    'roles: ["a\\tb"]': (1, 9, "roles[0]", "holds a line break or another character"),
    f"roles: [{'x' * 124}]": (1, 9, "roles[0]", "has 124 characters; at most 123 are possible"),
    "roles: [Buyer, buyer]": (1, 16, "roles[1]", 'the role "buyer" stands in line 1 already'),
    "roles: [champion]": (1, 9, "roles[0]", "is one of the six default roles"),
    'roles: ["\\ud800"]': (1, 9, "roles[0]", "holds half a character"),
    "roles: !x []": (1, 8, "roles", "the tag '!x' means nothing here"),
    "roles: []\nroles: []": (2, 1, "roles", "stands twice; the first is in line 1"),
    "{[a]: b}": (1, 2, "", "a key must be plain text"),
    "custom_fields: {people: [a]}": (1, 17, "custom_fields.people", "there is no such key"),
    "custom_fields: {person: [custom.a]}": (
        *(1, 26, "custom_fields.person[0]"),
        "should be the name alone",
    ),
    "custom_fields: {person: [a, a]}": (1, 29, "custom_fields.person[1]", "the custom field"),
    "role_templates: [5]": (1, 18, "role_templates[0]", "should be keys and values (id, name, roles"),
    "role_templates:\n  - {id: a/b, name: T, roles: [{role: Other}]}": (
        *(2, 10, "role_templates[0].id"),
        "an id holds no slash",
    ),
    f"role_templates:\n  - {{id: {'x' * 101}, name: T, roles: [{{role: Other}}]}}": (
        *(2, 10, "role_templates[0].id"),
        "has 101 characters; at most 100",
    ),
    "role_templates:\n  - {name: T, roles: [{role: Other}]}": (
        *(2, 5, "role_templates[0].id"),
        "is missing: a short id that never changes",
    ),
    "role_templates:\n  - {id: t, name: T, roles: }": (2, 5, "role_templates[0].roles", "is missing"),
    "role_templates:\n  - {id: t, name: T, roles: []}": (
        *(2, 29, "role_templates[0].roles"),
        "needs at least one role",
    ),
    "role_templates:\n  - {id: t, name: T, roles: [{role: Other}], status: Live}": (
        *(2, 54, "role_templates[0].status"),
        'should be one of draft, live, is the text "Live"; did you mean "live"?',
    ),
    f"{TEMPLATE[:-1]},\n  {{id: t, name: U, roles: [{{role: Other}}]}}]": (
        *(2, 8, "role_templates[1].id"),
        'the role template id "t" stands in line 1 already; it must be unique',
    ),
    f"{TEMPLATE[:-1]},\n  {{id: u, name: t, roles: [{{role: Other}}]}}]": (
        *(2, 17, "role_templates[1].name"),
        'the role template name "t" stands in line 1 already; it must be unique, whatever the case',
    ),
    role("role: Boss"): (5, 16, "role_templates[0].roles[0].role", 'there is no role "Boss"; known are'),
    role("role: champion"): (
        *(5, 16, "role_templates[0].roles[0].role"),
        'there is no role "champion"; did you mean "Champion"?',
    ),
    role("rol: Other, role: Other"): (
        *(5, 10, "role_templates[0].roles[0].rol"),
        'there is no such key; did you mean "role"?',
    ),
    role("role: Other") + "      - role: Other\n": (
        *(6, 15, "role_templates[0].roles[1].role"),
        'the role "Other" stands in line 5 already',
    ),
    role("role: Other, weighting: High"): (
        *(5, 34, "role_templates[0].roles[0].weighting"),
        "should be one of Trivial, Minor, Normal, Important, Vital",
    ),
    role("role: Other, members_required: 0"): (
        *(5, 41, "role_templates[0].roles[0].members_required"),
        "should be a whole number from 1 to 1,000,000, is the number 0",
    ),
    role("role: Other, members_required: '2'"): (
        *(5, 41, "role_templates[0].roles[0].members_required"),
        'should be a whole number from 1 to 1,000,000, is the text "2"',
    ),
    role("role: Other, members_required: 1.5"): (
        *(5, 41, "role_templates[0].roles[0].members_required"),
        "should be a whole number",
    ),
    role("role: Other, required_for_completeness: NO"): (
        *(5, 50, "role_templates[0].roles[0].required_for_completeness"),
        'should be true or false, is the text "NO"',
    ),
}


@pytest.mark.parametrize("text", SHAPES, ids=lambda text: repr(text[-40:]))
def test_a_wrong_value_is_told_with_line_column_and_path(text: str) -> None:
    line, column, path, said = SHAPES[text]
    found = only_mistake(text)
    assert found[:3] == (line, column, path)
    assert found[3].startswith(said)


def auto_assign(condition: str) -> str:
    return role(f"role: Other, auto_assign: {condition}")


CONDITIONS: dict[str, tuple[str, str]] = {
    "{field: jobtitle, operator: is, value: x}": (".field", "job_title"),
    "{any: [{field: city, operator: is, value: x}, {all: [{field: nme, operator: is, value: x}]}]}": (
        ".any[1].all[0].field",
        "nme",
    ),
    "{field: custom.tier, operator: is, value: x}": (".field", "custom.tier"),
    "{field: industry, operator: is, value: x}": (".field", "industry"),
    "{field: job_title, operator: like, value: x}": (".operator", "like"),
    "{field: postal_code, operator: is, value: 10115}": (".value", "10115"),
    "{field: job_title, operator: any of, value: [a, 5]}": (".value[1]", ""),
    "{field: person_engagement_score, operator: between, value: [1, x]}": (".value[1]", ""),
    "{any: []}": (".any", ""),
    "all": ("", ""),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_mistake_in_a_condition_stands_at_its_exact_place(condition: str) -> None:
    inner, said = CONDITIONS[condition]
    text = auto_assign(condition)
    line, column, path, message = only_mistake(text)
    assert line == 5
    assert path == f"role_templates[0].roles[0].auto_assign{inner}"
    assert column > text.splitlines()[4].index("auto_assign")
    assert said in message or said in text.splitlines()[4][column - 1 :]


def test_a_declared_custom_field_may_be_named_of_its_owner_only() -> None:
    declared = "custom_fields: {person: [seniority], account: [tier]}\n"
    assert mistakes_of(declared + auto_assign("{field: custom.seniority, operator: is, value: x}")) == ()
    assert len(mistakes_of(declared + auto_assign("{field: custom.tier, operator: is, value: x}"))) == 1
    audience = "{field: custom.tier, operator: is, value: gold}"
    assert (
        mistakes_of(declared + interest(f"status: live, role_template: t, audience: {audience}")) == ()
    )


def test_at_most_twenty_roles_are_possible_in_all() -> None:
    names = [f"role {number}" for number in range(14)]
    assert mistakes_of(json.dumps({"roles": names})) == ()
    *_, path, message = only_mistake(json.dumps({"roles": [*names, "one more", "another"]}))
    assert path == "roles[14]"
    assert message.startswith("is one role too many: 20 in all")


GOOD_STAGES = (
    "name: A, kind: entry, transitions: [B, L]",
    "name: B, kind: intermediate, transitions: [W, L]",
    "name: W, kind: success",
    "name: L, kind: failure, transitions: [B]",
)


def test_a_stage_model_with_a_way_through_is_fine() -> None:
    assert mistakes_of(stages(*GOOD_STAGES)) == ()


STAGES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "no entry": (
        ("name: B, kind: intermediate, transitions: [W]", "name: W, kind: success"),
        "",
        "a live stage model needs at least one stage of kind entry",
    ),
    "no success": (
        ("name: A, kind: entry, transitions: [L]", "name: L, kind: failure"),
        "",
        "a live stage model needs exactly one stage of kind success, not 0",
    ),
    "two successes": (
        (
            "name: A, kind: entry, transitions: [W, V]",
            "name: W, kind: success",
            "name: V, kind: success",
        ),
        "",
        "a live stage model needs exactly one stage of kind success, not 2",
    ),
    "an end that is no destination": (
        (
            "name: A, kind: entry, transitions: [B, W]",
            "name: B, kind: intermediate",
            "name: W, kind: success",
        ),
        "[1]",
        'no stage follows "B": a group would stay there for ever',
    ),
    "a stage that nothing leads to": (
        (*GOOD_STAGES, "name: Z, kind: intermediate, transitions: [W]"),
        "[4]",
        'no way leads from an entry stage to "Z"',
    ),
}


@pytest.mark.parametrize("case", STAGES)
def test_a_live_stage_model_lets_no_group_get_stuck_and_a_draft_may_be_unfinished(case: str) -> None:
    lines, where, said = STAGES[case]
    *_, path, message = only_mistake(stages(*lines))
    assert path == f"stage_models[0].stages{where}"
    assert message.startswith(said)
    assert mistakes_of(stages(*lines, status="draft")) == ()


TRANSITIONS = {
    "name: A, kind: entry, transitions: [A]": "a stage does not lead to itself",
    "name: A, kind: entry, transitions: [Won]": 'there is no stage "Won"; did you mean "WON"?',
    "name: A, kind: entry, transitions: [WON, WON]": 'the transition "WON" stands in line 6 already',
    "name: won, kind: entry, transitions: [WON]": 'the stage "WON" stands in line 6 already',
    "name: A, kind: entree, transitions: [WON]": "should be one of entry, intermediate, succ",
    "kind: entry, transitions: [WON]": "is missing: the stage's name",
}


@pytest.mark.parametrize("first", TRANSITIONS)
@pytest.mark.parametrize("status", ["draft", "live"])
def test_names_and_transitions_of_stages_must_fit_in_a_draft_too(first: str, status: str) -> None:
    *_, message = only_mistake(stages(first, "name: WON, kind: success", status=status))
    assert message.startswith(TRANSITIONS[first])


INTERESTS = {
    "status: live, role_template: t": ("audience", "is missing: a live solution interest needs one"),
    "status: live, role_template: t, audience: some": ("audience", "should be the word all, or a cond"),
    "role_template: t, audience: {field: nam, operator: is, value: x}": ("audience.field", "an account"),
    "audience: all": ("role_template", "is missing: the id of the role template"),
    "role_template: t, update_existing_groups: 1": ("update_existing_groups", "should be true or false"),
}


@pytest.mark.parametrize("fields", INTERESTS)
def test_a_mistake_in_a_solution_interest_is_told(fields: str) -> None:
    path, said = INTERESTS[fields]
    found = only_mistake(interest(fields))
    assert found[2] == f"solution_interests[0].{path}"
    assert found[3].startswith(said)


def test_a_live_solution_interest_needs_a_live_template_and_stage_model() -> None:
    drafts = (
        "role_templates: [{id: t, name: T, roles: [{role: Other}]}]\n"
        "stage_models: [{id: s, name: S, stages: []}]\n"
        "solution_interests:\n"
        "  - {id: i, name: I, status: %s, role_template: t, stage_model: s, audience: all}"
    )
    assert mistakes_of(drafts % "draft") == ()
    found = mistakes_of(drafts % "live")
    assert [mistake.path for mistake in found] == [
        "solution_interests[0].role_template",
        "solution_interests[0].stage_model",
    ]
    assert "is a draft (line 1)" in found[0].message


def test_a_template_that_is_not_in_the_file_is_a_note_since_the_topic_may_have_it() -> None:
    checked = check(interest("status: live, role_template: tt, audience: all"))
    assert checked.mistakes == ()
    (note,) = checked.notes
    assert note.startswith('line 3: role_template "tt" is not in this file; did you mean "t"?')


MODELS = {
    "bands: {}, activities: {}": ("bands", "should be names of bands with their values, is empty"),
    "bands: {High: 101}, activities: {event.attended: High}": ("bands.High", "should be a whole number"),
    "bands: {High: -1}, activities: {event.attended: High}": ("bands.High", "should be a whole number"),
    "bands: {High: 1}, activities: {event.attended: Hihg}": (
        *('activities["event.attended"]',),
        'should be one of High, is the text "Hihg"; did you mean "High"?',
    ),
    "bands: {High: 1}, activities: {event.atended: High}": (
        *('activities["event.atended"]',),
        'there is no activity type "event.atended"; did you mean "event.attended"?',
    ),
    "bands: {High: 1}, activities: {event.attended: High, EVENT.attended: High}": (
        *('activities["EVENT.attended"]',),
        'the activity type "event.attended" stands in line 2 already',
    ),
    "bands: {High: 1}, activities: {event.attended: High}, active: 1": ("active", "should be true or"),
    "activities: {event.attended: High}": ("bands", "is missing: names of bands"),
}


@pytest.mark.parametrize("fields", MODELS)
def test_a_mistake_in_a_weighting_model_is_told(fields: str) -> None:
    path, said = MODELS[fields]
    found = mistakes_of(model(fields))
    assert found[0].path == f"weighting_models[0].{path}"
    assert found[0].message.startswith(said)


def test_only_one_weighting_model_is_active_and_none_has_the_built_in_ones_id() -> None:
    same = "active: true, bands: {High: 1}, activities: {event.attended: High}"
    text = model(same) + f"  - {{id: default, name: V, {same}}}\n"
    assert [(mistake.path, mistake.message[:33]) for mistake in mistakes_of(text)] == [
        ("weighting_models[1].id", "is the id of the built-in model: "),
        ("weighting_models[1].active", "the model in line 2 is active too"),
    ]


def test_activity_types_are_kept_in_their_canonical_spelling() -> None:
    checked = check(model("bands: {High: 1}, activities: {WEB.formfilledout: High}"))
    assert checked.file is not None
    assert checked.file.weighting_models[0].activities == {"web.formFilledOut": "High"}


def test_all_mistakes_are_found_in_one_run_in_the_order_of_the_page() -> None:
    found = mistakes_of(
        "roles: [Buyer, Buyer]\n"
        + role("role: Boss, weighting: 5, auto_assign: {field: x, operator: y, value: z}")
        + stages("name: A, kind: enty")
        + "weighting_models: 5\nfoo: bar\nfoo: baz\n"
    )
    assert [(mistake.place.line, mistake.path) for mistake in found] == [
        (1, "roles[1]"),
        (6, "role_templates[0].roles[0].role"),
        (6, "role_templates[0].roles[0].weighting"),
        (6, "role_templates[0].roles[0].auto_assign.field"),
        (6, "role_templates[0].roles[0].auto_assign.operator"),
        (12, "stage_models[0].stages[0].kind"),
        (13, "weighting_models"),
        (14, "foo"),
        (15, "foo"),
    ]


def test_text_stays_what_was_written() -> None:
    values = ["NO", "no", "yes", "on", "2026-11-21", "01234", "1_000", "0x10", "12:30", ".5", "1e999"]
    text = auto_assign(f"{{field: country, operator: any of, value: [{', '.join(values)}]}}")
    checked = check(text)
    assert checked.file is not None
    condition = checked.file.role_templates[0].roles[0].auto_assign
    assert condition is not None
    assert json.loads(condition)["value"] == values


def test_json_is_read_like_yaml_with_its_tabs_and_escapes() -> None:
    definitions: dict[str, Any] = {
        "role_templates": [{"id": "t", "name": "Käufer \U0001f600", "roles": [{"role": "Other"}]}],
    }
    for indented in (json.dumps(definitions), json.dumps(definitions, indent="\t")):
        checked = check(indented)
        assert checked.file is not None
        assert checked.file.role_templates[0].name == "Käufer \U0001f600"
    wrong = json.dumps({"roles": [5]}, indent="\t")
    assert only_mistake(wrong)[:3] == (3, 3, "roles[0]")


def test_a_condition_may_be_named_once_and_used_twice() -> None:
    text = (
        "role_templates:\n"
        "  - {id: t, name: T, roles: [{role: Other, auto_assign: &c"
        " {field: city, operator: is, value: Oslo}}]}\n"
        "  - {id: u, name: U, roles: [{role: Other, auto_assign: *c}]}\n"
    )
    checked = check(text)
    assert checked.file is not None
    first, second = (form.roles for form in checked.file.role_templates)
    assert first == second


def test_aliases_cannot_unfold_to_more_than_a_machine_holds() -> None:
    lines = ["a: &a [1,1,1,1,1,1,1,1,1,1]"]
    for name, inner in zip("bcdefghi", "abcdefgh", strict=True):
        lines.append(f"{name}: &{name} [{','.join([f'*{inner}'] * 10)}]")
    assert mistakes_of("\n".join(lines))[-1].message == "more than 100,000 values"


LETTERS = st.sampled_from("abc:-[]{},'\"&*!|>#%@`\\\n\t \ud800é0.~?")


@given(st.text(LETTERS, max_size=60) | st.text(max_size=60))
def test_any_text_is_either_fine_or_has_mistakes_with_places(text: str) -> None:
    checked = check(text)
    assert (checked.file is None) == bool(checked.mistakes)
    assert all(mistake.place.line >= 1 and mistake.place.column >= 1 for mistake in checked.mistakes)


# YAML only takes what can be text, so pieces of a good file are put together at random.
PIECES = st.sampled_from(
    [*EXAMPLE.read_text().splitlines(keepends=True), "\n", "  ", "- ", "{", "]", ": "]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_rearrangement_of_a_good_file_is_read_to_its_end(text: str) -> None:
    checked = check(text)
    assert (checked.file is None) == bool(checked.mistakes)


def test_the_command_shows_each_mistake_with_its_line_and_ends_with_3(
    commands: Commands, tmp_path: Path
) -> None:
    (tmp_path / "d.yaml").write_text(auto_assign("{field: jobtitle, operator: is, value: x}"))
    done = commands("definitions", "check", "d.yaml")
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines() == [
        "d.yaml:5:44  role_templates[0].roles[0].auto_assign.field",
        '    a person has no field "jobtitle"; did you mean "job_title"?',
        "  5 |       - {role: Other, auto_assign: {field: jobtitle, operator: is, value: x}}",
        "    |                                            ^",
        "1 mistake in d.yaml.",
    ]


def test_a_long_line_is_shown_around_its_mistake_and_cannot_steer_the_terminal(
    commands: Commands,
) -> None:
    text = f'roles: ["{"x" * 200}", "a\\e[2J", 5, {"y" * 200}]\n'
    done = commands("definitions", "check", "-", given=text.encode())
    assert done.code == 3
    excerpt, mark = done.err.splitlines()[-3:-1]
    assert "…" in excerpt
    assert "\x1b" not in done.err
    assert len(excerpt) < 115
    assert mark.index("^") < len(excerpt)


def test_programs_get_one_mistake_a_line(commands: Commands) -> None:
    done = commands("definitions", "check", "-", "--output", "json", given=b"roles: [5]\n")
    assert done.code == 3
    assert done.rows == [
        {
            "line": 1,
            "column": 9,
            "path": "roles[0]",
            "message": "should be text, is the number 5: put it in quotes",
        }
    ]


def test_a_fine_file_is_summed_up_and_needs_no_settings(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PARTITIONS=none\n")
    done = commands("definitions", "check", EXAMPLE)
    assert done.code == 0
    assert done.err == f"{EXAMPLE} is fine.\n"
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.out.splitlines()]
    assert ["role templates", "2", "0"] in rows
    assert ["weighting models", "1", "1"] in rows
    assert commands("definitions", "check", EXAMPLE, "--output", "json").out == ""


def test_a_file_in_another_encoding_is_told(commands: Commands) -> None:
    done = commands("definitions", "check", "-", given="roles: [Käufer]\n".encode("latin-1"))
    assert done.code == 3
    assert done.err == "standard input: line 1 is not UTF-8 text: save the file as UTF-8.\n"
    marked = "\ufeffroles: [Käufer]\n".encode()
    assert commands("definitions", "check", "-", given=marked).code == 0


def test_a_missing_file_is_wrong_use(commands: Commands, tmp_path: Path) -> None:
    assert commands("definitions", "check", "gone.yaml").code == 2
    assert commands("definitions", "check", tmp_path).code == 2
