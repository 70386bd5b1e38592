# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first admin account, with a random password that is shown once and stored only as a hash."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandParser

PASSWORD_BYTES = 12


class Command(BaseCommand):
    help = (
        "Make the admin account if there is none, or give it a new password with --reset; print the password."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", default="admin", help="the account's name (default: admin)")
        parser.add_argument("--reset", action="store_true", help="a new password for an account that exists")

    def handle(self, *, name: str, reset: bool, **options: Any) -> None:
        users = get_user_model()._default_manager
        account = users.filter(username=name).first()
        if account is not None and not reset:
            self.stdout.write(f"The account {name} exists; --reset gives it a new password.")
            return
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        if account is None:
            users.create_superuser(username=name, email="", password=password)
        else:
            account.set_password(password)
            account.save(update_fields=["password"])
        self.stdout.write(f"Account {name}, password {password} (shown only now)")
