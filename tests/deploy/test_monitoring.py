"""Alerts and dashboard ask for metrics that workers tell, and promtool finds the alerts to hold."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from streams import metrics
from streams.lag import LagCollector
from tests.console.test_health_server import WORKING, get, health_of, served

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboards/buying-groups.json").read_text())
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ASKED = [(rule["alert"], rule["expr"]) for rule in RULES] + [
    (panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]
]

OF_PROMETHEUS = {"up", "ALERTS"}
OF_A_TARGET = {"job", "instance"}
SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}

_METRIC = re.compile(r"\b(?:buying_groups_\w+|process_\w+|up(?=[{)])|ALERTS(?={))")


@pytest.fixture(scope="module")
def told() -> set[str]:
    """Every name that a worker tells under /metrics."""
    with served(health_of(WORKING), collectors=[LagCollector(list)]) as address:
        page = get(f"{address}/metrics")[2].decode()
    return {
        family.name + suffix
        for family in text_string_to_metric_families(page)
        for suffix in SUFFIXES.get(family.type, [])
        if not family.name.endswith("_created")
    }


def labels_of(name: str) -> set[str]:
    """Return the labels of a metric of streams/metrics.py or of the lag."""
    base = re.sub(r"_(total|bucket|sum|count)$", "", name)
    for each in (*vars(metrics).values(), None):
        if getattr(each, "_name", None) in {base, name}:
            return {*each._labelnames, *(["le"] if name.endswith("_bucket") else [])}
    return {"topic"} if name.startswith("buying_groups_lag_") else set()


@pytest.mark.parametrize(("where", "expr"), ASKED)
def test_what_is_asked_for_is_told(where: str, expr: str, told: set[str]) -> None:
    names = set(_METRIC.findall(expr))
    assert names
    assert names <= told | OF_PROMETHEUS
    known = OF_A_TARGET.union(*map(labels_of, names))
    for grouped in re.findall(r"\bby \(([^)]*)\)", expr):
        assert {label.strip() for label in grouped.split(",")} <= known
    for matched in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expr):
        assert matched in known | {"alertname", "alertstate"}


def test_every_metric_is_on_the_dashboard(told: set[str]) -> None:
    shown = {name for where, expr in ASKED for name in _METRIC.findall(expr)}
    base = {re.sub(r"_(total|bucket)$", "", name) for name in shown}
    ours = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in told}
    assert {name for name in ours if name.startswith("buying_groups_")} <= base


def test_no_label_names_a_lead_an_account_or_anything_else_without_bounds() -> None:
    labels = {
        label
        for name in REGISTRY._names_to_collectors
        if name.startswith("buying_groups_")
        for label in labels_of(name)
    }
    assert labels == {"topic", "reason", "outcome", "table", "le"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"].endswith(".")
    file, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / file).read_text(), re.MULTILINE)
    assert anchor in {anchor_of(heading) for heading in headings}


def anchor_of(heading: str) -> str:
    """Return a heading's anchor as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_alert_is_tested_to_sound() -> None:
    tests = yaml.safe_load((PROMETHEUS / "alerts.test.yml").read_text())["tests"]
    sounding = {
        case["alertname"] for test in tests for case in test["alert_rule_test"] if case.get("exp_alerts")
    }
    assert sounding == {rule["alert"] for rule in RULES}


@pytest.fixture(scope="module")
def promtool() -> str:
    """The checker that comes with Prometheus; .ci/run fetches it."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    return found


def checked(*command: str | Path) -> None:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_promtool_accepts_the_configuration_and_its_rules(promtool: str) -> None:
    # Not prometheus-kubernetes.yml: Debian builds without what finds pods.
    checked(promtool, "check", "config", PROMETHEUS / "prometheus.yml")


def test_promtool_sees_the_alerts_sound_and_keep_quiet_as_they_should(promtool: str) -> None:
    checked(promtool, "test", "rules", PROMETHEUS / "alerts.test.yml")


def test_promtool_can_read_every_query_of_the_dashboard(promtool: str, tmp_path: Path) -> None:
    def queries() -> Iterator[dict[str, str]]:
        for number, (_, expr) in enumerate(ASKED[len(RULES) :]):
            filled = expr.replace("$__rate_interval", "1m").replace("$instance", ".*")
            yield {"record": f"panel:{number}", "expr": filled}

    rules = tmp_path / "dashboard.yml"
    rules.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": list(queries())}]}))
    checked(promtool, "check", "rules", rules)


def test_panels_lie_side_by_side_and_say_what_they_show() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    cells: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        covered = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in covered) < 24, panel["title"]
        assert not covered & cells, panel["title"]
        cells |= covered
    for panel in PANELS:
        assert panel["title"]
        assert panel["description"].endswith(".")
