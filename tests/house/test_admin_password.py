# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py admin_password`: shown once, stored as a hash, replaced only when asked."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("admin_password", *arguments, stdout=out)
    return out.getvalue()


def password_in(text: str) -> str:
    return text.split("password ", 1)[1].split()[0]


def test_the_first_time_an_account_with_the_printed_password_is_made() -> None:
    password = password_in(run())
    account = authenticate(username="admin", password=password)
    assert account is not None
    assert account.is_superuser
    assert password not in account.password


def test_the_second_time_nothing_changes() -> None:
    password = password_in(run())
    assert "password" not in run().replace("new password", "")
    assert authenticate(username="admin", password=password) is not None


def test_reset_gives_a_new_password() -> None:
    old = password_in(run())
    new = password_in(run("--reset"))
    assert authenticate(username="admin", password=old) is None
    assert authenticate(username="admin", password=new) is not None
    assert get_user_model().objects.count() == 1
