# SPDX-License-Identifier: AGPL-3.0-or-later
"""A test that commits leaves an empty database, as a freshly migrated one."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.utils import timezone

from camera_registry.services import register_camera
from tests.apps.street import make_zone, publish, space
from tests.emptying import empty_the_tables, tables_in_use

pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_is_left_of_rows_that_need_each_other():
    assert tables_in_use() == []
    register_camera("bahar-north")
    make_zone()
    publish("main-street", [space(10)], timezone.now(), times=2)
    group = Group.objects.create(name="operators")
    group.permissions.add(Permission.objects.first())
    User.objects.create_user("ada").groups.add(group)
    assert {"parking_parkingzone", "parking_parkingspace", "auth_group_permissions"} <= set(tables_in_use())
    empty_the_tables()
    assert tables_in_use() == []
    connection.check_constraints()


@pytest.mark.parametrize("turn", ["first", "second"])
def test_it_happens_after_each_such_test(turn):
    assert tables_in_use() == []
    make_zone()


def test_what_migrating_wrote_is_still_there():
    assert Permission.objects.filter(
        codename="change_camera", content_type__app_label="camera_registry"
    ).exists()
