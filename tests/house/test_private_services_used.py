# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tests really run on PostGIS and on a Redis that keeps nothing."""

from __future__ import annotations

import pytest
from django.db import connection


@pytest.mark.django_db
def test_the_database_knows_geography() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT postgis_lib_version()")
        assert cursor.fetchone()[0] >= "3"


def test_redis_keeps_nothing_on_disk(redis_client) -> None:
    assert redis_client.config_get("save")["save"] == ""
    assert redis_client.config_get("appendonly")["appendonly"] == "no"


def test_redis_is_not_database_zero(redis_client) -> None:
    assert redis_client.connection_pool.connection_kwargs["db"] > 0
