"""The runbook's commands exist as they are typed, and what it quotes is what the engine says.

`test_runbook_for_real.py` runs them; what is said here also holds where no Kafka can be had.
"""

import ast
import re
from itertools import pairwise
from typing import Any, Final

import pytest
import typer
import yaml

from console.cli import app
from streams.topics import ALL_TOPICS
from tests.e2e.runbook import COMMANDS, ENGINE, ROOT, RUNBOOK, TEXT, Command

WRONG_USE: Final = typer.BadParameter.__mro__[1]
"""What the command line raises for every kind of wrong use."""
KAFKA_TOOLS: Final = {
    "kafka-configs.sh",
    "kafka-console-consumer.sh",
    "kafka-consumer-groups.sh",
    "kafka-topics.sh",
}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
MANIFESTS: list[dict[str, Any]] = [
    yaml.safe_load(file.read_text()) for file in (ROOT / "deploy/kubernetes").glob("*.yaml")
]


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def named(command: Command) -> str:
    return f"{command.section}: {command.line[:60]}"


def test_every_block_holds_commands() -> None:
    assert re.findall(r"^```(.*)$", TEXT, re.MULTILINE)[::2] == ["console"] * TEXT.count("```console")
    assert len(COMMANDS) > 30


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.engine is not None], ids=named)
def test_a_command_of_the_engine_exists_with_its_options(command: Command) -> None:
    understood(command.engine or [])


@pytest.mark.parametrize(
    "line",
    [
        "topics chek",
        "export --outptu table",
        "export --output csv",
        "fold examples/first-group.jsonl",
        "fold examples/first-group.jsonl --as-of tomorrow",
        "publish",
        "publish examples/no-such-file.jsonl",
        "export too-much",
    ],
)
def test_a_slip_in_a_command_is_noticed(line: str) -> None:
    with pytest.raises(WRONG_USE):
        understood(line.split())


def understood(arguments: list[str]) -> None:
    """Let the command line take arguments in, files that must be there included, and run nothing."""
    command: Any = typer.main.get_command(app)
    context = None
    while hasattr(command, "resolve_command"):
        context = command.context_class(command, parent=context)
        _, command, arguments = command.resolve_command(context, arguments)
    command.make_context(ENGINE, arguments, parent=context)


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.words[0] == "docker"], ids=named)
def test_a_command_of_compose_names_services_that_there_are(command: Command) -> None:
    docker, compose, verb, *rest = command.words
    assert (docker, compose) == ("docker", "compose")
    assert verb in {"ps", "logs", "exec", "restart", "start", "stop"}
    services = set(COMPOSE["services"])
    if verb == "exec":
        service, program, *arguments = rest
        assert service in services
        if service == "kafka":
            check_kafka_tool(program, arguments)
        return
    values = {index + 1 for index, word in enumerate(rest) if word in {"--since", "--tail", "--timeout"}}
    names = [
        word for index, word in enumerate(rest) if index not in values and not word.startswith("--")
    ]
    assert set(names) <= services


def check_kafka_tool(program: str, arguments: list[str]) -> None:
    """The tool is one of Kafka's, asks the listener of the network, and names what the engine has."""
    given = dict(pairwise(arguments))
    folder, _, tool = program.rpartition("/")
    assert (folder, tool in KAFKA_TOOLS) == ("/opt/kafka/bin", True)
    assert given["--bootstrap-server"] == "kafka:19092"
    names = {topic.full_name("bg") for topic in ALL_TOPICS}
    assert given.get("--topic", "bg.accounts") in names
    assert given.get("--entity-name", "bg.accounts") in names
    assert given.get("--group", "bg.engine") == "bg.engine"


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.words[0] == "kubectl"], ids=named)
def test_a_command_of_kubectl_names_what_the_manifests_have(command: Command) -> None:
    words = command.words
    if "--" in words:
        words = words[: words.index("--")]
    namespace = next(each for each in MANIFESTS if each["kind"] == "Namespace")["metadata"]["name"]
    assert words[words.index("--namespace") + 1] == namespace
    (deployment,) = [each for each in MANIFESTS if each["kind"] == "Deployment"]
    meant = [word for word in words if "/" in word]
    assert meant == [f"deployment/{deployment['metadata']['name']}"] or words[1:3] == ["get", "pods"]


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.words[0] == "curl"], ids=named)
def test_an_address_is_one_that_a_worker_or_the_schema_registry_serves(command: Command) -> None:
    address = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/\w+)", command.words[-1])
    assert address is not None
    port, path = address.groups()
    metrics_port = COMPOSE["services"]["worker-1"]["environment"]["METRICS_PORT"]
    assert (port, path) in {(metrics_port, "/livez"), (metrics_port, "/readyz"), ("8081", "/subjects")}


def test_no_other_program_is_asked_for() -> None:
    assert {each.words[0] for each in COMMANDS} == {ENGINE, "docker", "kubectl", "curl"}


def test_every_link_leads_somewhere() -> None:
    for text, link in re.findall(r"\[([^\]]+)\]\(([^)]+)\)", TEXT):
        file, _, anchor = link.partition("#")
        target = RUNBOOK if not file else (RUNBOOK.parent / file).resolve()
        assert target.is_file(), f"{text}: {link}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert anchor in {heading.lower().replace(" ", "-") for heading in headings}, link


def test_what_the_tables_quote_is_what_the_engine_says() -> None:
    """Only the first column: what somebody sees, and looks up here."""
    said = "\n".join(
        node.value
        for room in ("streams", "agents", "console", "schemas")
        for file in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    quoted = [
        piece
        for row in re.findall(r"^\| (`[^|]+`)", TEXT, re.MULTILINE)
        for quote in re.findall(r"`([^`]+)`", row)
        if " " in quote
        for piece in re.split(r"…| s$|, for ", quote)
        if len(piece.strip()) > 3
    ]
    assert len(quoted) >= 10
    for piece in quoted:
        assert piece.strip() in said, piece
