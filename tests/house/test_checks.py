# SPDX-License-Identifier: AGPL-3.0-or-later
"""System checks that look at the world: folders that can be written, a Redis that forgets."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.checks import run_checks


def ids() -> set[str | None]:
    return {message.id for message in run_checks()}


def test_a_sound_installation_has_nothing_to_say(redis_client) -> None:
    assert not {i for i in ids() if i and i.startswith("spark.")}


def test_an_inbox_that_cannot_be_written_is_an_error(settings, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    settings.SPARK_INBOX = in_the_way / "inbox"
    messages = [message for message in run_checks() if message.id == "spark.E005"]
    assert len(messages) == 1
    assert "SPARK_INBOX" in messages[0].msg


def test_the_write_test_leaves_nothing_behind(settings) -> None:
    run_checks()
    assert list(settings.SPARK_INBOX.iterdir()) == []


@pytest.mark.parametrize(("option", "value", "back"), [("save", "3600 1", ""), ("appendonly", "yes", "no")])
def test_a_redis_that_writes_to_disk_is_warned_about(
    redis_client, option: str, value: str, back: str
) -> None:
    redis_client.config_set(option, value)
    try:
        assert "spark.W002" in ids()
    finally:
        redis_client.config_set(option, back)


def test_a_redis_that_is_away_does_not_stop_the_checks(settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "spark.W002" not in ids()
