"""The compose file as a container engine would read it: merged, and with its services in plain terms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
#: Those that run our image.
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("vedette:")}
#: Those that run once and end.
ONCE = ("migrate", "kafka-rights")


def mounts(service: dict[str, Any]) -> dict[str, str]:
    """Path in the container -> the secret or config that stands there."""
    found = {}
    for kind, folder in (("secrets", "/run/secrets/"), ("configs", "/")):
        for each in service.get(kind, ()):
            name, target = (each, each) if isinstance(each, str) else (each["source"], each["target"])
            found[target if target.startswith("/") else folder + target] = name
    return found
