# SPDX-License-Identifier: AGPL-3.0-or-later
"""The browser of the apps' tests, for the pages of the registry."""

from __future__ import annotations

from tests.apps.conftest import chromium, complaints, open_page

__all__ = ["chromium", "complaints", "open_page"]
