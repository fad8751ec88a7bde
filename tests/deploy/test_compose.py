"""The compose file: valid, confined, and in agreement with the settings and commands of Vedette."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import fastjsonschema
import pytest

from deploy.kafka.run import RIGHTS
from tests.deploy.compose import COMPOSE, DEPLOY, ONCE, OURS, SERVICES, mounts
from vedette.cli import COMMANDS
from vedette.roles import ROLES
from vedette.settings import load

SCHEMA = Path(__file__).with_name("compose-spec.schema.json")


def test_it_is_what_the_compose_specification_allows() -> None:
    fastjsonschema.compile(json.loads(SCHEMA.read_text()), use_default=False)(COMPOSE)


def test_every_role_is_a_service_and_every_command_of_ours_exists() -> None:
    assert {name: service["command"] for name, service in OURS.items()} == {
        name: [name] for name in ("migrate", *ROLES)
    }
    assert set(OURS) <= set(COMMANDS)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in ("0", "root")
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert "privileged" not in service
    repository, _, tag = service["image"].partition(":")
    assert tag not in ("", "latest"), f"{repository} has no version"
    assert service["restart"] == ("no" if name in ONCE else "unless-stopped")


@pytest.mark.parametrize("name", OURS)
def test_the_environment_of_a_service_is_settings_that_exist(name: str, tmp_path: Path) -> None:
    """`load` refuses a name that no section has and a value that it cannot have."""
    settings = load(DEPLOY / "vedette.toml", OURS[name]["environment"], data=tmp_path)
    assert (settings.kafka.security_protocol, settings.kafka.username) == ("SASL_SSL", "vedette")
    assert settings.api.host == ("0.0.0.0" if name == "api" else "127.0.0.1")
    assert "/etc/vedette/vedette.toml" in mounts(OURS[name])


@pytest.mark.parametrize("name", OURS)
def test_a_file_that_a_service_is_told_of_is_mounted_in_it(name: str) -> None:
    service = OURS[name]
    files = {v: file for v, file in service["environment"].items() if v.endswith("_FILE")}
    unused = "VEDETTE_STORE__READER__PASSWORD_FILE" if name == "migrate" else "VEDETTE_STORE__MIGRATOR__PASSWORD_FILE"
    del files[unused]
    assert set(files.values()) <= set(mounts(service))
    assert "/run/secrets/vedette_migrator" not in mounts(service) or name == "migrate"


@pytest.mark.parametrize("name", SERVICES)
def test_whoever_waits_for_another_waits_for_what_it_says(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert how == {"condition": "service_completed_successfully" if other in ONCE else "service_healthy"}
    tested = SERVICES[name].get("healthcheck", {}).get("test", ["of the image"])[0]
    assert tested == ("CMD" if name in ("kafka", "clickhouse", "api") else "of the image")


def test_what_is_mounted_is_declared_and_what_is_declared_is_mounted() -> None:
    used = {name for service in SERVICES.values() for name in mounts(service).values()}
    assert used == {*COMPOSE["secrets"], *COMPOSE["configs"]}
    for config in COMPOSE["configs"].values():
        assert (DEPLOY / config["file"]).is_file()
    volumes = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert volumes == set(COMPOSE["volumes"])


def test_addresses_and_ports_agree() -> None:
    environment = OURS["ingest"]["environment"]
    assert environment["VEDETTE_KAFKA__BOOTSTRAP"] == "kafka:9092"
    assert SERVICES["kafka"]["healthcheck"]["test"][-1].endswith("/127.0.0.1/9092")
    assert "--bootstrap-server=kafka:9093" in SERVICES["kafka-rights"]["command"]
    store = urlsplit(environment["VEDETTE_STORE__URL"])
    assert (store.scheme, store.hostname) == ("https", "clickhouse")
    assert f"<https_port>{store.port}</https_port>" in (DEPLOY / "clickhouse" / "vedette.xml").read_text()
    api = OURS["api"]
    port = api["environment"]["VEDETTE_API__PORT"]
    assert api["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"http://127.0.0.1:{port}/readyz" in api["healthcheck"]["test"][-1]


def test_only_who_must_reach_or_be_reached_from_outside_is_on_the_outer_network() -> None:
    outside = {name for name, service in SERVICES.items() if "outside" in service["networks"]}
    assert outside == {"api", "notify"}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert {name for name, service in SERVICES.items() if service.get("ports")} == {"api"}


def test_the_rights_in_kafka_are_those_of_the_node_without_docker() -> None:
    words = [part for word in SERVICES["kafka-rights"]["command"] for part in word.split("=", 1)]
    assert [word for word in words if word in RIGHTS] == list(RIGHTS)
    assert words[-2:] == ["--allow-principal", "User:vedette"]
