"""deploy/kubernetes, checked as far as that goes where no cluster runs."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from console import VERSION
from console.running import STOP_AT_MOST_S
from streams.recovery import GIVE_UP_AFTER_S
from streams.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/kubernetes"
SCHEMA = Path(__file__).with_name("kubernetes.schema.json")
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
TEMPLATE = "secret.example.yaml"
FILES = sorted(file for file in FOLDER.glob("*.yaml") if file.name != "kustomization.yaml")

Manifest = dict[str, Any]
MANIFESTS: dict[str, Manifest] = {
    manifest["kind"]: manifest for manifest in (yaml.safe_load(file.read_text()) for file in FILES)
}
WORKER: Manifest = MANIFESTS["Deployment"]["spec"]
TOPICS: Manifest = MANIFESTS["Job"]["spec"]
PODS = pytest.mark.parametrize("pod", [WORKER["template"], TOPICS["template"]], ids=["worker", "topics"])


def check(*files: Path) -> "subprocess.CompletedProcess[str]":
    checker = Path(sys.executable).with_name("check-jsonschema")
    return subprocess.run(
        [checker, "--schemafile", SCHEMA, *files], capture_output=True, text=True, check=False
    )


def test_every_manifest_keeps_to_the_schema_of_kubernetes() -> None:
    checked = check(*FILES)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("readinessProbe:", "readynessProbe:"),
        ("replicas: 2", "replicas: two"),
        ("apiVersion: apps/v1", "apiVersion: apps/v1beta1"),
        ("drop: [ALL]", "drop: ALL"),
    ],
)
def test_the_schema_lets_no_slip_pass(written: str, wrong: str, tmp_path: Path) -> None:
    text = (FOLDER / "worker.yaml").read_text()
    assert written in text
    slip = tmp_path / "worker.yaml"
    slip.write_text(text.replace(written, wrong))
    assert check(slip).returncode == 1


def test_kubectl_can_put_the_manifests_together() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    built = subprocess.run(
        [kubectl, "kustomize", FOLDER], capture_output=True, text=True, check=False, timeout=60
    )
    assert built.returncode == 0, built.stderr
    found = list(yaml.safe_load_all(built.stdout))
    assert {manifest["kind"] for manifest in found} == set(MANIFESTS) - {"Secret"}
    (image,) = {
        container["image"]
        for manifest in found
        if manifest["kind"] in {"Deployment", "Job"}
        for container in manifest["spec"]["template"]["spec"]["containers"]
    }
    assert image == f"buying-group-engine:{VERSION}"


def test_everything_but_the_secrets_template_is_applied() -> None:
    assert sorted(KUSTOMIZATION["resources"]) == [file.name for file in FILES if file.name != TEMPLATE]
    assert MANIFESTS["Namespace"]["metadata"]["name"] == KUSTOMIZATION["namespace"]
    assert MANIFESTS["Secret"]["metadata"]["namespace"] == KUSTOMIZATION["namespace"]
    (image,) = KUSTOMIZATION["images"]
    assert image["newTag"] == VERSION


@PODS
def test_a_pod_may_do_nothing_but_its_work(pod: Manifest) -> None:
    spec = pod["spec"]
    uid, gid = re.findall(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[-1]
    security = spec["securityContext"]
    assert security["runAsNonRoot"] is True
    assert (security["runAsUser"], security["runAsGroup"]) == (int(uid), int(gid))
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert spec["serviceAccountName"] == MANIFESTS["ServiceAccount"]["metadata"]["name"]
    (container,) = spec["containers"]
    assert container["image"] == KUSTOMIZATION["images"][0]["name"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}


@PODS
def test_a_pod_has_its_settings_and_secrets_and_no_others(pod: Manifest) -> None:
    spec = pod["spec"]
    settings, secrets = spec["containers"][0]["envFrom"]
    assert settings["configMapRef"]["name"] == MANIFESTS["ConfigMap"]["metadata"]["name"]
    assert secrets["secretRef"] == {
        "name": MANIFESTS["Secret"]["metadata"]["name"],
        "optional": True,
    }
    assert spec["enableServiceLinks"] is False, "a service's variables would pass for settings"


def test_the_settings_are_known_and_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no .env of the developer's
    given = {**MANIFESTS["ConfigMap"]["data"], **MANIFESTS["Secret"]["stringData"]}
    assert {name.lower() for name in given} <= set(Settings.model_fields)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.metrics_host == "0.0.0.0"  # noqa: S104 - the pod's own network
    assert WORKER["replicas"] <= settings.partitions


def test_the_ports_are_the_one_that_workers_serve() -> None:
    port = int(MANIFESTS["ConfigMap"]["data"]["METRICS_PORT"])
    (container,) = WORKER["template"]["spec"]["containers"]
    assert container["ports"] == [{"name": "metrics", "containerPort": port}]
    assert WORKER["template"]["metadata"]["annotations"]["prometheus.io/port"] == str(port)
    (entrance,) = MANIFESTS["NetworkPolicy"]["spec"]["ingress"]
    assert entrance["ports"] == [{"port": port}]


def test_prometheus_finds_the_pods() -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus-kubernetes.yml").read_text())
    (job,) = config["scrape_configs"]
    (found,) = job["kubernetes_sd_configs"]
    assert found["namespaces"]["names"] == [KUSTOMIZATION["namespace"]]
    (port,) = WORKER["template"]["spec"]["containers"][0]["ports"]
    assert job["relabel_configs"][0]["regex"] == port["name"]
    beside = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    assert job["job_name"] == beside["scrape_configs"][0]["job_name"], "alerts go by it"


def test_the_way_out_leads_to_kafka() -> None:
    wanted = int(MANIFESTS["ConfigMap"]["data"]["KAFKA_BOOTSTRAP_SERVERS"].rpartition(":")[2])
    ways = MANIFESTS["NetworkPolicy"]["spec"]["egress"]
    assert wanted in {port["port"] for way in ways for port in way["ports"]}


def seconds(probe: Manifest) -> int:
    """Return for how long a probe may fail."""
    return int(probe["periodSeconds"]) * int(probe["failureThreshold"])


def test_a_worker_is_started_anew_for_livez_and_kept_out_of_a_rollout_for_readyz() -> None:
    (container,) = WORKER["template"]["spec"]["containers"]
    probes = {name: container[name] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {name: probe["httpGet"]["path"] for name, probe in probes.items()} == {
        "startupProbe": "/livez",
        "livenessProbe": "/livez",
        "readinessProbe": "/readyz",
    }
    assert {probe["httpGet"]["port"] for probe in probes.values()} == {"metrics"}
    # A recovery that does not get on ends by itself, and a rollout waits for one that does.
    assert seconds(probes["startupProbe"]) > GIVE_UP_AFTER_S
    assert WORKER["progressDeadlineSeconds"] > seconds(probes["startupProbe"])


def test_a_worker_may_take_longer_to_stop_than_it_gives_itself() -> None:
    assert WORKER["template"]["spec"]["terminationGracePeriodSeconds"] > STOP_AT_MOST_S


def test_a_worker_writes_into_its_data_folder_only() -> None:
    spec = WORKER["template"]["spec"]
    mounts = {mount["name"]: mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]}
    (folder,) = re.findall(r"DATA_FOLDER=(\S+)", (ROOT / "Dockerfile").read_text())
    assert mounts == {"data": folder, "tmp": "/tmp"}  # noqa: S108 - a mount of its own
    assert {volume["name"] for volume in spec["volumes"]} == set(mounts)
    assert all("sizeLimit" in volume["emptyDir"] for volume in spec["volumes"])


def test_budget_policy_and_spreading_mean_the_workers() -> None:
    labels = WORKER["template"]["metadata"]["labels"]
    assert WORKER["selector"]["matchLabels"] == labels
    assert MANIFESTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    for spread in WORKER["template"]["spec"]["topologySpreadConstraints"]:
        assert spread["labelSelector"]["matchLabels"] == labels
    meant = MANIFESTS["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]
    for pod in (WORKER["template"], TOPICS["template"]):
        assert meant.items() <= pod["metadata"]["labels"].items()
    assert TOPICS["template"]["metadata"]["labels"] != labels, "it is no worker"
