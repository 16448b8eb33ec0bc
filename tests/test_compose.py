import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from csms.settings import describe, load

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"
PARSED: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = PARSED["services"]


def docker(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["docker", *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )


def has_compose() -> bool:
    client = shutil.which("docker")
    return client is not None and docker("compose", "version").returncode == 0


def test_docker_compose_understands_the_file() -> None:
    if has_compose():
        done = docker("compose", "--file", str(FILE), "config", "--quiet")
        assert done.returncode == 0, done.stderr
    assert SERVICES


def test_it_brings_up_database_node_fleet_and_mail() -> None:
    assert {"database", "node", "fleet", "mail"} <= SERVICES.keys()
    for name, service in SERVICES.items():
        assert "image" in service, name
        for needed in service.get("depends_on", {}):
            assert needed in SERVICES


def test_every_setting_that_it_uses_exists() -> None:
    known = {setting.env for setting in describe()}
    used = {
        name
        for service in SERVICES.values()
        for name in service.get("environment", {})
        if name.startswith("CSMS_")
    }

    assert used
    assert used <= known


def test_the_node_accepts_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SERVICES["node"]["environment"].items():
        plain = str(value).partition(":-")[2].rstrip("}") if "${" in value else value
        monkeypatch.setenv(name, plain if "DATABASE" not in name else "postgresql://x")

    settings = load()

    assert settings.is_public_bind
    assert settings.smtp_host in SERVICES


def test_nothing_is_published_beyond_this_machine() -> None:
    published = [port for s in SERVICES.values() for port in s.get("ports", [])]

    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_what_the_image_copies_exists() -> None:
    recipe = PARSED["x-image"]["build"]["dockerfile_inline"]
    copies = [line.split()[1:-1] for line in recipe.splitlines() if "COPY" in line]

    for source in (source for sources in copies for source in sources):
        assert source == "README.md" or (ROOT / source).exists(), source
    assert "--require-hashes" in recipe


def test_images_are_pinned() -> None:
    for name, service in SERVICES.items():
        image, _, tag = service["image"].partition(":")
        assert tag not in {"", "latest"}, f"{name} takes any {image}"
