# SPDX-License-Identifier: AGPL-3.0-or-later
"""Passwords for the tests: hashed as on a server, with a thousandth of the work."""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """Django's default, so that a program started beside the test can check them; a second's work each is saved."""

    iterations = 1
