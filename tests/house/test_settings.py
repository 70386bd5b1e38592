# SPDX-License-Identifier: AGPL-3.0-or-later
"""Settings: typed, documented, and misspelt ones refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from scripts import check_settings
from spark.environment import Environment, read_env_files, unknown_names

REPOSITORY = Path(__file__).resolve().parents[2]


def ask_settings(expression: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Print an expression over freshly loaded settings, with only the given variables set."""
    base = {"PATH": os.environ["PATH"], "SPARK_ENV_FILE": "", "SECRET_KEY": "k"}
    code = f"from spark import settings; print({expression})"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=base | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_documentation_compose_and_env_files_know_the_settings() -> None:
    assert check_settings.problems() == []


def test_the_name_check_sees_what_is_missing_and_what_is_too_much() -> None:
    text = "| `SPARK_POLL_S` | `5` | x |\n| `SPARK_GONE` | `1` | y |\nSPARK_NOT_A_ROW"
    assert check_settings.documented(text) == {"SPARK_POLL_S", "SPARK_GONE"}
    compose = {"services": {"a": {"environment": {"X": 1}}, "b": {"environment": ["Y=2"]}, "c": {}}}
    assert check_settings.in_compose(compose) == {"X", "Y"}
    assert check_settings.in_env_file("A=1\n# B=2\n# a comment\n") == {"A", "B"}


def test_documented_defaults_are_the_real_ones() -> None:
    from spark.settings import ENVIRONMENT

    rows = {}
    for line in (REPOSITORY / "docs" / "settings.md").read_text().splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            rows[cells[0]] = cells[1]
    for name, default in ENVIRONMENT.items():
        if isinstance(default, bool):
            assert rows[name] == str(default).lower(), name
        elif isinstance(default, int | float):
            assert float(rows[name]) == float(default), name
        elif isinstance(default, str) and not default.startswith("/"):
            assert rows[name] in (
                default,
                "none" if not default else None,
                "empty" if not default else None,
            ), name


@pytest.mark.parametrize(
    ("name", "known"),
    [("SPARK_POLL_S", True), ("SPARK_POL_S", False), ("SPARK_SHARED", True), ("OTHER_THING", True)],
)
def test_a_misspelt_name_is_found(name: str, known: bool) -> None:
    assert (unknown_names({name: "1"}, {"SPARK_POLL_S": 5}) == []) is known


def test_the_check_refuses_a_misspelt_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_INBOKS", "/nowhere")
    messages = [message for message in run_checks() if message.id == "spark.E001"]
    assert len(messages) == 1
    assert "SPARK_INBOKS" in messages[0].msg


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPARK_HIDDEN_SHARE", 1.5),
        ("SPARK_BATCH", 0),
        ("SPARK_SFTP_PORT", 70000),
        ("SPARK_VALIDITY_S", 0),
        ("SPARK_LONG_SIDE", 31),
        ("SPARK_LONG_SIDE", 0),
    ],
)
def test_a_number_without_sense_is_refused_by_name(settings, name: str, value: float) -> None:
    setattr(settings, name, value)
    assert [m for m in run_checks() if m.id == "spark.E002" and m.msg.startswith(name)]


def test_an_unknown_engine_and_missing_weights_are_refused(settings) -> None:
    settings.SPARK_ENGINE = "abacus"
    settings.SPARK_WEIGHTS = "/no/such/file.onnx"
    assert {"spark.E003", "spark.E004"} <= {message.id for message in run_checks()}


def test_tiles_without_their_credit_are_warned_about(settings) -> None:
    settings.SPARK_TILE_URL = "https://tiles.example.org/{z}/{x}/{y}.png"
    assert "spark.W001" in {message.id for message in run_checks()}


def test_without_a_secret_key_nothing_starts() -> None:
    done = ask_settings("settings.SECRET_KEY", SECRET_KEY="")
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr


def test_a_value_that_cannot_be_read_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_BATCH", "four")
    with pytest.raises(ImproperlyConfigured, match="SPARK_BATCH='four'"):
        Environment().int("SPARK_BATCH", default=4)


def test_an_env_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "my.env"
    file.write_text("SPARK_BATCH=7\nSPARK_VALIDITY_S=33\n")
    done = ask_settings(
        "settings.SPARK_BATCH, settings.SPARK_VALIDITY_S", SPARK_ENV_FILE=str(file), SPARK_BATCH="9"
    )
    assert done.stdout.strip() == "9 33"


def test_a_second_terminal_finds_the_services_of_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "services.env").write_text("SPARK_BATCH=11\n")
    environment = {"PATH": os.environ["PATH"], "SPARK_VAR": str(tmp_path), "SECRET_KEY": "k"}
    command = "from django.conf import settings; print(settings.SPARK_BATCH)"
    done = subprocess.run(
        [sys.executable, "-c", command], env=environment | {"DJANGO_SETTINGS_MODULE": "spark.settings"},
        cwd=REPOSITORY, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.strip() == "11", done.stderr


def test_a_command_without_a_database_says_so_in_words() -> None:
    environment = {
        "PATH": os.environ["PATH"], "SPARK_ENV_FILE": "", "SECRET_KEY": "k",
        "DATABASE_URL": "postgis://nobody@127.0.0.1:1/nothing",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "manage.py", "import_zones", "tests/data/kurss/zones.geojson"],
        env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "The database cannot be used" in done.stderr and "Traceback" not in done.stderr


def test_an_env_file_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPARK_ENV_FILE", str(tmp_path / "absent.env"))
    with pytest.raises(ImproperlyConfigured, match=r"absent\.env"):
        read_env_files(REPOSITORY)


def test_a_database_password_with_odd_letters_survives() -> None:
    done = ask_settings(
        "settings.DATABASES['default']['PASSWORD']",
        DATABASE_URL="postgis://spark:p%40ss%2Fword@localhost/spark",
    )
    assert done.stdout.strip() == "p@ss/word"


def test_behind_a_tls_proxy_cookies_are_secure() -> None:
    done = ask_settings("settings.SESSION_COOKIE_SECURE", SPARK_BEHIND_TLS_PROXY="true")
    assert done.stdout.strip() == "True"


def test_the_thresholds_are_those_measured_for_the_shipped_model() -> None:
    from spark.settings import ENVIRONMENT
    from workers.segmentation.weights import DEFAULT_THRESHOLD, DOUBT_THRESHOLD

    assert ENVIRONMENT["SPARK_THRESHOLD"] == DEFAULT_THRESHOLD
    assert ENVIRONMENT["SPARK_DOUBT_THRESHOLD"] == DOUBT_THRESHOLD < DEFAULT_THRESHOLD
