"""docker-compose.yml, checked as far as that goes where no engine runs."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from console.running import STOP_AT_MOST_S
from streams.settings import Settings

ROOT = Path(__file__).parent.parent
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
ENGINE = ("topics", "worker-1", "worker-2")
MONITORING = ("prometheus", "grafana")

Service = dict[str, Any]


@pytest.fixture(scope="module")
def services() -> dict[str, Service]:
    document = yaml.safe_load(COMPOSE.read_text())
    found: dict[str, Service] = document["services"]
    return found


def test_the_file_keeps_to_the_compose_specification() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    checked = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", COMPOSE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_compose_itself_accepts_the_file_where_it_is_installed() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], check=False).returncode:
        pytest.skip("docker compose is not installed")
    checked = subprocess.run(
        [docker, "compose", "--file", COMPOSE, "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_every_part_of_a_deployment_is_there(services: dict[str, Service]) -> None:
    assert set(services) == {"kafka", "schema-registry", "redis", "kafka-ui", *MONITORING, *ENGINE}


def test_every_image_is_pinned(services: dict[str, Service]) -> None:
    for name, service in services.items():
        _, colon, tag = service["image"].rpartition(":")
        assert colon, name
        assert tag not in {"", "latest", "main", "master"}, name
        assert any(character.isdigit() for character in tag), name


def test_the_engine_is_told_only_settings_it_knows(services: dict[str, Service]) -> None:
    known = {field.upper() for field in Settings.model_fields}
    for name in ENGINE:
        assert set(services[name]["environment"]) <= known, name
    in_image = {
        part.partition("=")[0]
        for line in DOCKERFILE.read_text().splitlines()
        if line.startswith("ENV")
        for part in line.split()[1:]
    }
    assert in_image - known == {"PATH", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_CACHE_DIR"} | {
        "PYTHONUNBUFFERED",
        "MALLOC_ARENA_MAX",
    }


def test_the_engine_is_told_settings_it_accepts(
    services: dict[str, Service], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # no .env of the developer's
    for name, value in services["worker-1"]["environment"].items():
        monkeypatch.setenv(name, value)
    assert Settings() == Settings.model_validate(Settings().model_dump())


def test_the_workers_differ_in_nothing_but_their_data_folder(
    services: dict[str, Service],
) -> None:
    first, second = services["worker-1"], services["worker-2"]
    assert first["volumes"] != second["volumes"]
    assert {**first, "volumes": None} == {**second, "volumes": None}


def test_the_workers_wait_for_the_topics_and_come_back(services: dict[str, Service]) -> None:
    for name in ("worker-1", "worker-2"):
        waits_for = services[name]["depends_on"]
        assert waits_for["topics"]["condition"] == "service_completed_successfully"
        assert services[name]["restart"] == "unless-stopped"
    assert services["topics"]["restart"] == "no"


def test_whoever_waits_for_health_waits_for_a_service_that_has_a_check(
    services: dict[str, Service],
) -> None:
    for name, service in services.items():
        for other, terms in service.get("depends_on", {}).items():
            if terms["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{name} waits for {other}"


def test_no_port_is_open_beyond_the_loopback_interface(services: dict[str, Service]) -> None:
    for name, service in services.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name


def test_every_address_between_services_names_a_listener_of_kafka(
    services: dict[str, Service],
) -> None:
    advertised = services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    inside = next(
        entry.removeprefix("INTERNAL://")
        for entry in advertised.split(",")
        if entry.startswith("INTERNAL://")
    )
    given = [services[name]["environment"]["KAFKA_BOOTSTRAP_SERVERS"] for name in ENGINE]
    registry = services["schema-registry"]["environment"]
    given.append(registry["SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS"].split("//")[1])
    given.append(services["kafka-ui"]["environment"]["KAFKA_CLUSTERS_0_BOOTSTRAPSERVERS"])
    assert set(given) == {inside}


def test_the_engine_runs_as_nobody_special_and_writes_into_its_data_folder_only(
    services: dict[str, Service],
) -> None:
    image = DOCKERFILE.read_text()
    uid, gid = re.findall(r"^USER (\d+):(\d+)$", image, re.MULTILINE)[-1]
    assert int(uid) >= 1000
    assert int(gid) >= 1000
    assert re.search(rf"groupadd --gid {gid} ", image)
    assert re.search(rf"useradd --uid {uid} ", image)
    (folder,) = re.findall(r"^VOLUME (\S+)$", image, re.MULTILINE)
    assert f"DATA_FOLDER={folder}" in image
    assert f"--home-dir {folder} " in image
    for name in ENGINE:
        service = services[name]
        assert "user" not in service, "the image's counts"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        for volume in service.get("volumes", []):
            assert volume.split(":")[1] == folder


def test_a_worker_may_take_longer_to_stop_than_it_gives_itself(services: dict[str, Service]) -> None:
    for name in ("worker-1", "worker-2"):
        assert int(services[name]["stop_grace_period"].removesuffix("s")) > STOP_AT_MOST_S


def mounted(service: Service) -> dict[str, Path]:
    """Return path in the container → file or folder of the repository."""
    found = {}
    for volume in service["volumes"]:
        here, there, *mode = volume.split(":")
        if here.startswith("./"):
            assert mode == ["ro"], volume
            found[there] = ROOT / here
    return found


@pytest.mark.parametrize("name", MONITORING)
def test_what_monitoring_mounts_is_there_and_cannot_be_written(
    services: dict[str, Service], name: str
) -> None:
    assert mounted(services[name])
    for path in mounted(services[name]).values():
        assert path.exists(), path


def test_prometheus_finds_its_rules_and_every_worker(services: dict[str, Service]) -> None:
    files = mounted(services["prometheus"])
    (option,) = [word for word in services["prometheus"]["command"] if word.startswith("--config.file=")]
    config_file = option.removeprefix("--config.file=")
    config = yaml.safe_load(files[config_file].read_text())
    for name in config["rule_files"]:
        assert str(Path(config_file).parent / name) in files
    (job,) = config["scrape_configs"]
    assert job["job_name"] == "buying-groups", "alerts.yml and the dashboard go by it"
    port = services["worker-1"]["environment"]["METRICS_PORT"]
    (targets,) = job["static_configs"]
    assert targets["targets"] == [f"{name}:{port}" for name in services if name.startswith("worker-")]


def test_grafana_finds_its_datasource_and_its_dashboards(services: dict[str, Service]) -> None:
    files = mounted(services["grafana"])
    provisioning = files["/etc/grafana/provisioning"]
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    port = services["prometheus"]["ports"][0].rpartition(":")[2]
    assert source["url"] == f"http://prometheus:{port}"
    (provider,) = yaml.safe_load((provisioning / "dashboards/buying-groups.yml").read_text())[
        "providers"
    ]
    dashboards = files[provider["options"]["path"]]
    home = Path(services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == provider["options"]["path"]
    shown = json.loads((dashboards / home.name).read_text())
    used = {
        target["datasource"]["uid"] for panel in shown["panels"] for target in panel.get("targets", [])
    }
    assert used == {source["uid"]}


def test_no_two_services_want_the_same_port_of_the_machine(services: dict[str, Service]) -> None:
    taken = [port.split(":")[1] for service in services.values() for port in service.get("ports", [])]
    assert len(taken) == len(set(taken))
