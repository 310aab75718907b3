"""``topics acls``: the rights of each tool, none twice, none that another one implies."""

import shlex

import pytest

from streams.acls import tools_of
from streams.settings import load_settings
from streams.topics import ALL_TOPICS
from tests.console.calling import Commands
from tests.console.test_cli_help import EVERY

TOOLS = {tool.name: tool for tool in tools_of("bg")}
IMPLYING = {"Read", "Write"}


@pytest.mark.parametrize("name", TOOLS)
def test_no_entry_is_there_twice_or_implied_by_another(name: str) -> None:
    entries = [(each.resource, each.name, each.operation) for each in TOOLS[name].accesses]
    assert len(entries) == len(set(entries))
    allowed: dict[tuple[str, str], set[str]] = {}
    for resource, resource_name, operation in entries:
        allowed.setdefault((resource, resource_name), set()).add(operation)
    for operations in allowed.values():
        assert not ("Describe" in operations and operations & IMPLYING)


def test_the_worker_may_see_every_topic_and_only_its_own_group_and_transactions() -> None:
    worker = TOOLS["worker"].accesses
    seen = {each.name for each in worker if each.operation in IMPLYING and each.resource == "topic"}
    assert seen == {f"bg.{topic.name}" for topic in ALL_TOPICS}
    others = [each for each in worker if each.resource != "topic"]
    assert [(each.resource, each.name, each.pattern) for each in others] == [
        ("group", "bg.engine", "literal"),
        ("transactional-id", "bg.engine-", "prefixed"),
    ]
    app_id = load_settings(kafka_bootstrap_servers="kafka:9092").app_id
    assert f"{app_id}-0".startswith("bg.engine-")


@pytest.mark.parametrize("name", ["export", "status", "topics-check"])
def test_tools_that_look_may_change_nothing(name: str) -> None:
    operations = {each.operation for each in TOOLS[name].accesses}
    assert operations <= {"Read", "Describe", "DescribeConfigs"}
    assert not any(
        each.resource == "group" and each.operation == "Read" for each in TOOLS[name].accesses
    )


def test_json_is_one_entry_a_line_for_the_principal_and_the_namespace(commands: Commands) -> None:
    done = commands("topics", "acls", "--principal", "User:engine", "--output", "json", NAMESPACE="acme")
    assert done.code == 0
    assert len(done.rows) == sum(len(tool.accesses) for tool in TOOLS.values())
    assert {row["principal"] for row in done.rows} == {"User:engine"}
    assert {row["for"] for row in done.rows} == set(TOOLS)
    assert all(row["name"].startswith("acme.") for row in done.rows)
    assert {row["permission"] for row in done.rows} == {"Allow"}


def test_commands_say_every_entry_and_nothing_else(commands: Commands) -> None:
    done = commands(
        *("topics", "acls", "--principal", "User:the engine", "--output", "commands"),
        *("--for", "worker", "--for", "tick"),
        KAFKA_BOOTSTRAP_SERVERS="kafka-1:9092,kafka-2:9092",
    )
    assert done.code == 0
    said: list[tuple[str, str, str, str]] = []
    titles = []
    for line in done.out.splitlines():
        if line.startswith("# "):
            titles.append(line[2:])
            continue
        command, *words = shlex.split(line)
        assert command == "kafka-acls.sh"
        words.remove("--add")
        options = list(zip(words[::2], words[1::2], strict=True))
        assert ("--bootstrap-server", "kafka-1:9092,kafka-2:9092") in options
        assert ("--allow-principal", "User:the engine") in options
        pattern = dict(options).get("--resource-pattern-type", "literal")
        said += [
            (option[2:], name, operation, pattern)
            for option, name in options
            if option in {"--topic", "--group", "--transactional-id"}
            for key, operation in options
            if key == "--operation"
        ]
    assert titles == ["worker", "tick"]
    assert sorted(said) == sorted(
        (each.resource, each.name, each.operation, each.pattern)
        for name in titles
        for each in TOOLS[name].accesses
    )


def test_the_table_names_every_resource(commands: Commands) -> None:
    done = commands("topics", "acls", "--principal", "User:engine", COLUMNS="140")
    assert done.code == 0
    for tool in TOOLS.values():
        assert f"{tool.name}: allow User:engine" in done.out
        for each in tool.accesses:
            assert f" {each.name} " in done.out
    assert "IdempotentWrite" in done.err


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--principal", "engine"), "--principal: 'engine' is not TYPE:NAME"),
        (("--principal", "User:e", "--for", "everything"), "--for: 'everything' should be one of"),
    ],
)
def test_wrong_use_is_told(commands: Commands, wrong: tuple[str, ...], told: str) -> None:
    done = commands("topics", "acls", *wrong)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(told)


WITHOUT_KAFKA = {
    ("describe",),
    ("demo",),
    ("definitions", "check"),
    ("topics", "acls"),
}
"""Commands that ask no Kafka that has an authorizer."""

NEEDS = {
    ("worker",): "worker",
    ("publish",): "publish",
    ("definitions", "publish"): "definitions",
    ("definitions", "show"): "definitions",
    ("definitions", "diff"): "definitions",
    ("tick",): "tick",
    ("erase",): "erase",
    ("dead-letters", "list"): "dead-letters",
    ("dead-letters", "show"): "dead-letters",
    ("dead-letters", "redrive"): "redrive",
    ("dead-letters", "purge"): "purge",
    ("rebuild",): "rebuild",
    ("fold",): "fold",
    ("export",): "export",
    ("status",): "status",
    ("topics", "check"): "topics-check",
    ("topics", "create"): "topics-create",
}
"""Commands that do, and the tool that has their rights."""


def test_every_command_that_asks_kafka_has_a_tool_with_its_rights() -> None:
    unknown = set(EVERY) - WITHOUT_KAFKA - NEEDS.keys()
    assert not unknown, f"say in streams/acls.py what they need, and here which tool that is: {unknown}"
    assert set(NEEDS.values()) <= set(TOOLS)
