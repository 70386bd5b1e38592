# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wiring of the whole: settings, URLs, entry points and system checks. No domain logic lives here."""
