"""``describe``: the topology that the code declares, and its copy in the documents."""

import json
import re

import pytest

from streams.topics import ALL_TOPICS, OUTPUTS, SOURCES, TABLES
from tests.console.calling import Commands
from tests.console.topology_page import FIGURE, PAGE, page_with

_NODE = re.compile(r"^\s*(?:subgraph )?(\w+)[\[(]")
_LINKED = re.compile(r"\w+")


def test_json_has_every_topic_agent_and_table_without_any_kafka(commands: Commands) -> None:
    done = commands("describe", "--format", "json", NAMESPACE="acme", PARTITIONS="8")
    assert (done.code, done.err) == (0, "")
    (told,) = done.rows
    assert told["consumer_group"] == "acme.engine"
    assert [topic["name"] for topic in told["topics"]] == [f"acme.{each.name}" for each in ALL_TOPICS]
    assert {topic["partitions"] for topic in told["topics"]} == {8}
    assert {agent["reads"] for agent in told["agents"]} == {f"acme.{each.name}" for each in SOURCES}
    assert [table["name"] for table in told["tables"]] == list(TABLES)
    changelogs = {topic["name"] for topic in told["topics"] if topic["kind"] == "changelog"}
    assert {table["changelog"] for table in told["tables"]} == changelogs


def test_json_says_how_long_records_are_kept(commands: Commands) -> None:
    (told,) = commands("describe", "--format", "json").rows
    topics = {topic["name"]: topic for topic in told["topics"]}
    assert topics["bg.lead-activity"]["retention_days"] == 35
    assert topics["bg.manual-edits"]["retention_days"] is None
    assert topics["bg.buying-group-state"]["cleanup"] == "compact"
    assert topics["bg.dead-letters"]["contract"] is None


def test_every_agent_is_told_by_the_module_that_reads_for_it(commands: Commands) -> None:
    (told,) = commands("describe", "--format", "json").rows
    modules = {agent["reads"]: agent["module"] for agent in told["agents"]}
    assert modules["bg.lead-activity"] == "agents.lead_activity"
    assert modules["bg.definitions"] == "agents.definitions"
    assert modules["bg.control"] == "agents.control"
    abouts = [agent["about"] for agent in told["agents"]]
    assert all(abouts)
    assert not any("domain.md" in about or "``" in about for about in abouts)


def test_text_names_everything_once(commands: Commands) -> None:
    done = commands("describe", COLUMNS="140")
    assert done.code == 0
    for topic in (*SOURCES, *OUTPUTS):
        assert f" bg.{topic.name} " in done.out
    for table in TABLES:
        assert f" bg.engine-{table}-changelog " in done.out


def test_the_figure_links_only_what_it_shows_and_shows_every_topic_and_table(
    commands: Commands,
) -> None:
    done = commands("describe", "--format", "mermaid")
    first, *lines = done.out.splitlines()
    assert first == "flowchart LR"
    links = [line for line in lines if "->" in line or ".->" in line]
    shown = {found[1] for line in lines if line not in links and (found := _NODE.match(line))}
    for line in links:
        ends = _LINKED.findall(re.sub(r'"[^"]*"', "", line))
        assert set(ends) <= shown, line
    names = {each.name.replace("-", "_") for each in (*SOURCES, *OUTPUTS)}
    assert {f"topic_{name}" for name in names} <= shown
    assert {f"table_{name}" for name in TABLES} <= shown
    assert done.out.count("subgraph ") == [line.strip() for line in lines].count("end")


def test_the_figure_in_the_documents_is_the_one_that_is_printed(commands: Commands) -> None:
    printed = commands("describe", "--format", "mermaid").out
    assert FIGURE.findall(PAGE.read_text()) == [printed], (
        f"{PAGE.name} is old: .venv/bin/python -m tests.console.topology_page writes it anew"
    )


def test_writing_the_page_anew_changes_the_figure_and_nothing_else() -> None:
    page = "before\n```mermaid\nflowchart LR\n  old\n```\nafter\n"
    assert page_with(page, "flowchart LR\n  new\n") == (
        "before\n```mermaid\nflowchart LR\n  new\n```\nafter\n"
    )


@pytest.mark.parametrize("shape", ["text", "mermaid", "json"])
def test_it_is_the_same_whether_a_kafka_is_set_or_not(commands: Commands, shape: str) -> None:
    alone = commands("describe", "--format", shape)
    beside = commands("describe", "--format", shape, KAFKA_BOOTSTRAP_SERVERS="kafka:9092")
    assert alone == beside
    if shape == "json":
        json.loads(alone.out)


def test_settings_that_cannot_be_used_are_told(commands: Commands) -> None:
    done = commands("describe", PARTITIONS="many")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("PARTITIONS: ")
