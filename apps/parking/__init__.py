# SPDX-License-Identifier: AGPL-3.0-or-later
"""Parking zones, the free spaces found in them, and what was found when."""
