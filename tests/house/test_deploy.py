# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is deployed: nginx accepts its configuration, compose keeps images in memory and names programs that exist."""

from __future__ import annotations

import datetime
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management import get_commands

REPOSITORY = Path(__file__).resolve().parents[2]
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")


@pytest.fixture
def compose() -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())


def write_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "parking.example.org")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_nginx_accepts_the_configuration(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    text = (REPOSITORY / "nginx" / "spark.conf").read_text()
    text = text.replace("web:8000", "127.0.0.1:8000").replace(
        "/var/cache/nginx/spark", str(tmp_path / "cache")
    )
    text = text.replace("/etc/letsencrypt/live/parking.example.org", str(tmp_path))
    text = re.sub(r"listen (\[::\]:)?(80|443)", r"listen \g<1>5\g<2>", text)
    whole = (
        f"pid {tmp_path}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{text}\n}}\n"
    )
    (tmp_path / "nginx.conf").write_text(whole)
    command = [NGINX, "-t", "-q", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr


def test_no_image_reaches_a_disk(compose: dict[str, Any]) -> None:
    assert compose["volumes"]["inbox"]["driver_opts"]["type"] == "tmpfs"
    assert compose["services"]["redis"]["tmpfs"] == ["/data"]
    command = compose["services"]["redis"]["command"]
    assert command[command.index("--save") + 1] == ""
    assert command[command.index("--appendonly") + 1] == "no"


@pytest.mark.parametrize("service", ["db", "redis", "web", "sftp", "nginx"])
def test_servers_have_health_checks(compose: dict[str, Any], service: str) -> None:
    assert "healthcheck" in compose["services"][service]


def test_the_door_and_intake_share_the_inbox_and_nobody_else_has_it(compose: dict[str, Any]) -> None:
    holders = {
        name
        for name, service in compose["services"].items()
        if any(volume.startswith("inbox:") for volume in service.get("volumes", []))
    }
    assert holders == {"sftp", "intake"}


def test_every_program_that_is_deployed_exists(compose: dict[str, Any]) -> None:
    programs = set()
    for service in compose["services"].values():
        programs |= set(re.findall(r"manage\.py[ ',\"]+([a-z_]+)", " ".join(service.get("command") or [])))
    unit = (REPOSITORY / "deploy" / "systemd" / "spark@.service").read_text()
    programs |= set(re.findall(r"spark@([a-z_]+)", unit))
    assert {"sftp_server", "watch_inbox", "run_worker", "migrate"} <= programs
    assert programs <= set(get_commands())


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_dockerfiles_copy_only_what_exists_and_run_unprivileged(name: str) -> None:
    text = (REPOSITORY / "deploy" / name).read_text()
    for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (REPOSITORY / source).exists(), source
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["spark"]
