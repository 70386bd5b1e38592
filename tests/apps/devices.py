# SPDX-License-Identifier: AGPL-3.0-or-later
"""The two screens that pages are tried on."""

from __future__ import annotations

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
